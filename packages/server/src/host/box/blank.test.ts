import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import type { FunctionImage } from '../image.ts'
import { codeFolder, imageOf, invocationOf, openFolder } from '../testing/make-engine.ts'
import { commandsBelow, openSurroundings, type TestSurroundings } from '../testing/surroundings.ts'
import { closing, startBox } from './box.ts'
import type { BoxParser, ParserPlace } from './parser-process.ts'
import { discardBox, prepareBlank, prepareBox, type PreparedBox } from './prepared-box.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = openFolder()
let around: TestSurroundings
beforeAll(async () => {
  around = await openSurroundings(folder)
})
beforeEach(() => void (around.doors.length = 0))
afterAll(() => {
  around.close()
  rmSync(folder, { recursive: true, force: true })
})

const uid = process.getuid?.() === 0 ? 210_998 : undefined
const kind = { runtime: 'node', memoryMb: 192 } as const

/** Everything of its surroundings that code in a box sees, as lines. */
const lookAround = `import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
const lines = (file, wanted) => readFileSync(file, 'utf8').split('\\n').filter((line) => wanted.test(line))
const tried = (act) => { try { return act() } catch ({ code }) { return code } }
export const handler = async () => ({
  url: import.meta.url, cwd: process.cwd(), argv: process.argv, options: process.execArgv,
  variables: Object.entries(process.env).filter(([name]) => name !== '_X_AMZN_TRACE_ID').sort(),
  status: lines('/proc/self/status', /^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)/),
  identity: [process.getuid(), process.getgid()],
  limits: lines('/proc/self/limits', /./),
  mounts: lines('/proc/self/mountinfo', /./).map((line) => line.split(' ').slice(4).join(' ')),
  folders: ['/', '/etc', '/tmp', '/var', '/var/task', '/var/runtime'].map((at) => [at, readdirSync(at).sort()]),
  descriptors: readdirSync('/proc/self/fd').map((fd) => tried(() => readlinkSync('/proc/self/fd/' + fd))).sort(),
  processes: readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
  written: tried(() => writeFileSync('/var/task/index.mjs', 'x')),
  own: readFileSync('/var/task/index.mjs', 'utf8').length,
})`

async function seenFrom(of: FunctionImage, prepared: PreparedBox): Promise<unknown> {
  const idle = Promise.withResolvers<void>()
  const box = startBox(of, prepared, around, { onIdle: () => idle.resolve(), onEnd: () => idle.resolve() })
  await idle.promise
  const result = await box.run(invocationOf({}))
  box.kill(closing)
  await box.gone
  if (result.kind === 'error') throw new Error(result.message)
  // The number of its own uid, of its pipes and of its sockets is all that may differ.
  const told = Buffer.from(result.body).toString('utf8')
  return JSON.parse(told.replaceAll(/([ug]id=|(?:pipe|socket):\[)\d+/g, '$1N'))
}

test('a box that belonged to no function is, once assigned, as one that was made for it', async () => {
  const of = imageOf({ codeDir: codeFolder(folder, lookAround), environment: { COLOUR: 'blue', TZ: 'Asia/Tokyo' } })
  const made = await seenFrom(of, await prepareBox(of, uid, around))
  const blank = await prepareBlank(kind, '', around)
  await blank.blank?.fill(of.codeDir)
  const assigned = await seenFrom(of, blank)
  expect(assigned).toEqual(made)
  expect(made).toMatchObject({ written: 'EROFS', variables: expect.arrayContaining([['COLOUR', 'blue']]) })
})

test('a box that belongs to no function has no door, no code and no name, and leaves nothing behind', async () => {
  const before = readdirSync(folder)
  const blank = await prepareBlank(kind, '', around)
  await expect
    .poll(() => commandsBelow(blank.pod.pid).filter((line) => line.startsWith('/var/lang/bin/node')), {
      timeout: 30_000,
    })
    .toHaveLength(1)
  const [made = ''] = readdirSync(folder).filter((name) => !before.includes(name))
  expect(readdirSync(join(folder, made))).toEqual([])
  await discardBox(blank, around)
  expect(around.doors).toEqual([])
  expect(readdirSync(folder)).toEqual(before)
  expect(() => process.kill(blank.pod.pid, 0)).toThrow()
})

test('a box that cannot be made is told so, and leaves neither process nor user behind', async () => {
  const parsers: BoxParser[] = []
  const broken = {
    ...around,
    tools: { ...around.tools, nsenter: '/bin/false' },
    startParser: (place: ParserPlace) => {
      const parser = around.startParser(place)
      parsers.push(parser)
      return parser
    },
  }
  const of = imageOf({ codeDir: codeFolder(folder, lookAround) })
  const noListeners = { code: 'host.pod', message: expect.stringContaining('the listener process ended with 1') }
  await expect(prepareBox(of, uid, broken)).rejects.toMatchObject(noListeners)
  await expect(prepareBlank(kind, '', broken)).rejects.toMatchObject(noListeners)
  await Promise.all(parsers.map(({ gone }) => gone))
  expect(parsers).toHaveLength(2)
})

test('a box with a kernel of its own is not made where nothing bounds what that takes', async () => {
  const of = imageOf({ codeDir: codeFolder(folder, lookAround), runsc: '/usr/bin/runsc' })
  await expect(prepareBox(of, uid, { ...around, cgroups: undefined })).rejects.toMatchObject({
    code: 'host.isolation_unavailable',
  })
})

test('boxes that belong to no function have a uid each, as root', { skip: process.getuid?.() !== 0 }, async () => {
  const blanks = await Promise.all([prepareBlank(kind, '', around), prepareBlank(kind, '', around)])
  const uids = blanks.map(({ pod }) => statSync(`/proc/${pod.pid}`).uid)
  expect(new Set(uids)).toHaveLength(2)
  await Promise.all(blanks.map((one) => discardBox(one, around)))
  const again = await prepareBlank(kind, '', around)
  expect(uids).toContain(statSync(`/proc/${again.pod.pid}`).uid)
  await discardBox(again, around)
})
