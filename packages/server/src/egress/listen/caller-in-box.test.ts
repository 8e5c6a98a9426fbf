import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { buildFunction } from '../../host/index.ts'
import { fakeParsers } from '../../host/testing/fake-parser.ts'
import { type EngineUnderTest, makeEngine, openFolder } from '../../host/testing/make-engine.ts'
import { createCallerPackages, readCaller } from './caller.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const handler = `
import { viaFetch, viaHttp } from 'sly'
export const handler = async ({ way }) => {
  if (way === 'frozen') Object.freeze(Error)
  const ways = { fetch: viaFetch, http: viaHttp, frozen: viaFetch, own: () => fetch('http://192.0.2.1/').then(String) }
  return ways[way]().catch(() => 'refused')
}`
const dependency = `
import { get } from 'node:http'
export const viaFetch = async () => String(await fetch('http://192.0.2.1/'))
export const viaHttp = () => new Promise((resolve, reject) => get('http://192.0.2.1/', resolve).on('error', reject))
`

let folder: string
let host: EngineUnderTest
let code: { codeDir: string; codeDigest: string; appFolder: string }
let heads: string[] = []

beforeAll(async () => {
  folder = openFolder()
  const app = join(folder, 'app')
  mkdirSync(join(app, 'node_modules/sly'), { recursive: true })
  writeFileSync(join(app, 'index.js'), handler)
  writeFileSync(join(app, 'node_modules/sly/package.json'), '{"name":"sly","type":"module","main":"index.js"}')
  writeFileSync(join(app, 'node_modules/sly/index.js'), dependency)
  const parsers = fakeParsers()
  host = await makeEngine({
    startParser: parsers.start,
    attachExits: ({ channel }) => {
      parsers.listenersOf(channel).http.on('connection', (socket) => {
        socket.on('error', () => socket.destroy())
        socket.once('data', (bytes) => {
          heads.push(bytes.toString('latin1'))
          socket.destroy()
        })
      })
      return { endInvocation: () => Promise.resolve(), close: () => undefined }
    },
  })
  const built = await buildFunction({
    runtime: 'node',
    entry: join(app, 'index.js'),
    appFolder: app,
    moduleFolders: [],
    runtimeDir: join(folder, 'runtime'),
    execPath: process.execPath,
  })
  if ('faults' in built) throw new Error(JSON.stringify(built.faults))
  code = { ...built, appFolder: app }
  await host.deploy(built)
})
afterAll(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The package that a request of the function names, by whichever way it is made. */
async function askedBy(way: string): Promise<{ name: string | undefined; asked: number }> {
  heads = []
  expect(await host.call({ way })).toBe('refused')
  const values = heads.flatMap((head) =>
    [...head.matchAll(/^x-sallyport-caller: (.*)\r$/gim)].map(([, value = '']) => value),
  )
  return { name: await createCallerPackages().packageOf(code, readCaller(values)), asked: heads.length }
}

it.each(['fetch', 'http'])('a request that a dependency makes by %s names the dependency', async (way) => {
  expect(await askedBy(way)).toEqual({ name: 'sly', asked: 1 })
})

it('a request that the app itself makes names no package', async () => {
  expect(await askedBy('own')).toEqual({ name: undefined, asked: 1 })
})

it('code that takes away our view of the stack is not named, and works as before', async () => {
  expect(await askedBy('frozen')).toEqual({ name: undefined, asked: 1 })
})
