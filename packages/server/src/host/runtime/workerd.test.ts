import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { findWorkerd, workerdVersion } from '../build/find-workerd.ts'
import type { RuntimeFolder } from '../box/runtime-folder.ts'
import { type ContractTraits, engineContract } from '../testing/engine-contract.ts'
import { type EngineUnderTest, openFolder } from '../testing/make-engine.ts'
import { makeWorkerdEngine, workerdModules } from '../testing/workerd-engine.ts'
import { workerdConfig } from './workerd-config.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const modules = workerdModules()
const traits: ContractTraits = {
  module: /index\.mjs/,
  around: 512,
  instead: {
    'unawaited rejections': {
      is: 'workerd ends the call that then hangs',
      holds: async (under) => {
        expect(await under.invoke({ probe: 'rejectLater', message: 'lost' })).toMatchObject({
          code: 'function.threw',
          message: expect.stringContaining('hung'),
        })
      },
    },
    exits: {
      is: 'a worker cannot end its process, and its call ends in place of it',
      holds: async (under) => {
        expect(await under.invoke({ probe: 'exit', status: 3 })).toMatchObject({
          code: 'function.threw',
          message: expect.stringContaining('process.exit(3)'),
        })
      },
    },
  },
}

describe.skipIf(modules === undefined)('workerd (skipped where it is not installed)', () => {
  const installed = modules ?? ''
  engineContract('workerd in a box', () => makeWorkerdEngine(installed), traits)

  describe('workerd in a box', () => {
    let under: EngineUnderTest
    beforeAll(async () => {
      under = await makeWorkerdEngine(installed)
      await under.deploy({ environment: { PLAIN: 'a "quoted" \\ value\nof lines, ü' } })
    })
    afterAll(() => under.close())

    it('gives a function its variables as they are, and nothing of ours', async () => {
      const seen = (await under.call({ probe: 'environment' })) as Record<string, string>
      expect(seen['PLAIN']).toBe('a "quoted" \\ value\nof lines, ü')
      expect(Object.values(seen).filter((value) => typeof value !== 'string')).toEqual([])
    })

    it('reaches its doors by fetch, wherever it asks, and by sockets', async () => {
      for (const [url, address, port] of [
        ['http://198.51.100.7/', '198.51.100.7', 80],
        ['http://169.254.169.254/latest/meta-data/', '169.254.169.254', 80],
        ['https://10.1.2.3/', '10.1.2.3', 443],
      ] as const) {
        const before = under.contacts.length
        await under.call({ probe: 'fetch', url })
        const [contact] = under.contacts.slice(before)
        expect(contact?.address?.replace('::ffff:', ''), url).toBe(address)
        expect(contact?.port).toBe(port)
      }
      expect(await under.call({ probe: 'socket', hostname: '198.51.100.7', port: 80 })).toBe('opened')
      expect(await under.call({ probe: 'socket', hostname: '198.51.100.7', port: 22 })).not.toBe('opened')
    })

    it.each(['127.0.0.1', '0.0.0.0', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '127.0.0.2', '[::]'])(
      'does not reach the Runtime API of its own box by %s',
      async (host) => {
        const url = `http://${host}:9001/2018-06-01/runtime/invocation/next`
        const breaches = under.events.filter(({ kind }) => kind === 'box-breach').length
        expect(await under.call({ probe: 'fetch', url })).toMatch(/Error/)
        expect(await under.call({ probe: 'socket', hostname: host.replace(/[[\]]/g, ''), port: 9001 })).not.toBe(
          'opened',
        )
        expect(under.events.filter(({ kind }) => kind === 'box-breach')).toHaveLength(breaches)
      },
    )

    it('sees none of the files of its box', async () => {
      for (const path of ['/etc/sallyport.capnp', '/proc/self/environ', '/var/runtime/workerd-loop.mjs', '/usr/bin'])
        expect(await under.call({ probe: 'exists', path }), path).toBe(false)
    })

    it('hears which limit of memory it met', async () => {
      await under.deploy({ name: 'eater', memoryMb: 192 })
      expect(await under.invoke({ probe: 'allocate', megabytes: 900 }, { functionName: 'eater' })).toMatchObject({
        code: 'function.out_of_memory',
      })
    })

    it('makes no exit after its answer', async () => {
      const before = under.contacts.length
      await under.call({ probe: 'later', afterMs: 50, url: 'http://203.0.113.9/' })
      await under.call({ probe: 'wait', ms: 300 })
      expect(under.contacts.slice(before).filter(({ address }) => address?.includes('203.0.113.9'))).toEqual([])
    })

    it('tells a module without a fetch function, and one that does not load', async () => {
      const folder = openFolder()
      for (const [name, source, code, message] of [
        ['none', 'export default {}', 'function.threw', 'fetch'],
        ['broken', 'throw new Error("at import")\nexport default {}', 'function.init_failed', 'at import'],
      ] as const) {
        mkdirSync(join(folder, name), { mode: 0o755 })
        writeFileSync(join(folder, name, 'index.mjs'), source, { mode: 0o644 })
        await under.deploy({ name, codeDir: join(folder, name) })
        expect(await under.invoke({ probe: 'echo' }, { functionName: name })).toMatchObject({
          code,
          message: expect.stringContaining(message),
        })
      }
      rmSync(folder, { recursive: true })
    })
  })
})

describe('where workerd is found', () => {
  let folder: string
  let runtime: RuntimeFolder
  beforeAll(() => {
    folder = openFolder()
    runtime = { folder } as RuntimeFolder
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is among the modules of the app alone; where there is none, the line that installs it is told', async () => {
    await expect(findWorkerd(runtime, '/my app', [join(folder, 'none')])).rejects.toMatchObject({
      code: 'host.engine_missing',
      fix: `npm install --prefix '/my app' --save-exact workerd@${workerdVersion}`,
    })
  })

  it('is no link that leads out of them, and no file that is not a program', async () => {
    const place = join(
      folder,
      `node_modules/@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}/bin`,
    )
    mkdirSync(place, { recursive: true })
    const found = (): Promise<string> => findWorkerd(runtime, folder, [join(folder, 'node_modules')])
    symlinkSync('/bin/true', join(place, 'workerd'))
    await expect(found()).rejects.toMatchObject({ code: 'host.engine_missing' })
    rmSync(join(place, 'workerd'))
    writeFileSync(join(place, 'workerd'), 'a secret')
    await expect(found()).rejects.toMatchObject({ code: 'host.engine_missing' })
    writeFileSync(join(place, 'workerd'), '\x7fELF and so on')
    expect(await found(), 'control').toBe(join(folder, 'workerd'))
  })
})

describe('the configuration of workerd', () => {
  it('binds the Runtime API to our worker alone, and binds no function to another', () => {
    const config = workerdConfig({ NAME: 'v' }, 'PEM')
    const [, loop = '', own = ''] = config.split('Workerd.Worker')
    expect(loop).toContain('service = "runtime"')
    expect(own).toContain('bindings = [(name = "NAME", text = "v")]')
    expect(own).not.toContain('service =')
  })

  it('keeps the function from addresses of its own box, where that API stands', () => {
    expect(workerdConfig({}, '')).toContain('deny = ["local", "0.0.0.0/8", "::/128"]')
  })

  it('lets no value end its literal', () => {
    expect(workerdConfig({ A: '"), (name = "B' }, '')).toContain(String.raw`text = "\x22), (name = \x22B"`)
  })
})
