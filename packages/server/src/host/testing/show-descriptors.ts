// A server that was started with an open file, as by a careless parent: says who sees it.
import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'

import { makeEngine } from './make-engine.ts'

const folder = '/proc/self/fd'
const here = readdirSync(folder).flatMap((fd) => {
  try {
    return [readlinkSync(`${folder}/${fd}`)]
  } catch {
    return [] // the one by which we look
  }
})
const child = spawnSync('/bin/ls', ['-l', folder], { encoding: 'utf8' }).stdout
const under = await makeEngine()
await under.deploy()
const box = await under.call({ probe: 'descriptors' })
await under.close()
process.stdout.write(`${JSON.stringify({ here, child, box })}\n`)
