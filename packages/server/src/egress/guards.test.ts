import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isMetadata, mayConnect } from './upstream/address.ts'
import { dial, hostOf, portOf } from './upstream/dial.ts'
import { redactor, secretPatterns } from './door/redact.ts'
import { createUpstreams } from './upstream/upstream.ts'

async function call(origin: string, privateUpstream: boolean): Promise<string> {
  const upstreams = createUpstreams(undefined)
  try {
    await upstreams.call({
      pool: 'p',
      origin,
      privateUpstream,
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 2_000,
      signal: new AbortController().signal,
    })
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other'
  } finally {
    await upstreams.close()
  }
}

const run = async (secret: string, chunks: readonly Buffer[]): Promise<string> => {
  const source = new PassThrough()
  const out = buffer(source.pipe(redactor(secretPatterns([secret]))))
  for (const chunk of chunks) source.write(chunk)
  source.end()
  return (await out).toString('latin1')
}

describe('mayConnect', () => {
  it('lets plain HTTP go to private networks alone, and there only where they were written down', () => {
    for (const address of ['10.0.0.7', '127.0.0.1', 'fd12::1', '::ffff:192.168.0.1']) {
      expect(mayConnect(address, true, true), address).toBe(true)
      expect(mayConnect(address, false, true), address).toBe(false)
    }
    for (const address of ['93.184.216.34', '2606:2800::1', '169.254.169.254', '168.63.129.16']) {
      expect(mayConnect(address, true, true), address).toBe(false)
      expect(mayConnect(address, false, true), address).toBe(false)
    }
  })

  it('lets public addresses through', () => {
    for (const address of ['93.184.216.34', '2606:2800:220:1::1', '172.15.0.1', '172.32.0.1'])
      expect(mayConnect(address, false)).toBe(true)
  })

  it('keeps loopback and private networks for doors that were written down so', () => {
    for (const address of [
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '::1',
      'fd12::1',
      '::ffff:10.0.0.1',
      '198.18.0.1',
    ]) {
      expect(mayConnect(address, false)).toBe(false)
      expect(mayConnect(address, true)).toBe(true)
    }
  })

  it('never reaches metadata, unspecified or multicast addresses', () => {
    for (const address of [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      'fd00:ec2::254',
      '0.0.0.0',
      '::',
      '224.0.0.1',
      'fe80::1',
      'ff02::1',
      '::169.254.169.254',
      '64:ff9b::169.254.169.254',
      '::ffff:0:169.254.169.254',
      '2002:a9fe:a9fe::1',
      '0:0:0:0:0:ffff:a9fe:a9fe',
      '168.63.129.16',
      '::ffff:168.63.129.16',
      '100.100.100.200',
      'fd20:ce::254',
      'fd00:c1::a9fe:a9fe',
      'no address',
    ]) {
      expect(mayConnect(address, true)).toBe(false)
    }
    expect(isMetadata('::ffff:169.254.169.254')).toBe(true)
    expect(isMetadata('198.18.0.1')).toBe(false)
  })
})

describe('upstreams', () => {
  it('refuse plain HTTP and private addresses, by literal and by name, unless written down', async () => {
    expect(await call('http://93.184.216.34', false)).toBe('upstream.plaintext')
    expect(await call('https://127.0.0.1:9', false)).toBe('upstream.forbidden_address')
    expect(await call('https://[::1]:9', false)).toBe('upstream.forbidden_address')
    expect(await call('https://localhost:9', false)).toBe('upstream.forbidden_address')
    expect(await call('http://169.254.169.254', true)).toBe('upstream.forbidden_address')
    expect(await call('http://127.0.0.1:9', true)).toBe('upstream.unreachable')
  })
})

describe('dial', () => {
  const codeOf = (upstream: string, privateUpstream: boolean): Promise<unknown> => {
    const door = { upstream, privateUpstream } as Parameters<typeof dial>[0] // of which it asks no more
    return dial(door, new AbortController().signal, () => true).catch((error: { code?: unknown }) => error.code)
  }

  it('reaches no private address, by literal and by name, unless written down, and no metadata', async () => {
    for (const upstream of ['tcp://127.0.0.1:9', 'tcp://[::1]:9', 'tcp://localhost:9']) {
      expect(await codeOf(upstream, false), upstream).toBe('upstream.forbidden_address')
    }
    expect(await codeOf('tcp://169.254.169.254:80', true)).toBe('upstream.forbidden_address')
    expect(await codeOf('tcp://127.0.0.1:9', true), 'control').toBe('upstream.unreachable')
  })

  it('finds host and port where they are written, and that of HTTPS where none is', () => {
    const of = (upstream: string): unknown => [hostOf({ upstream }), portOf({ upstream })]
    expect(of('https://API.example')).toEqual(['api.example', 443])
    expect(of('postgres://[::1]:5432')).toEqual(['::1', 5432])
  })

  it('opens nothing where no descriptor is left for it', async () => {
    const door = { upstream: 'tcp://127.0.0.1:9', privateUpstream: true } as Parameters<typeof dial>[0]
    const code = (mayOpen: boolean): Promise<unknown> =>
      dial(door, new AbortController().signal, () => mayOpen).catch((error: { code?: unknown }) => error.code)
    expect(await code(true)).toBe('upstream.unreachable')
    expect(await code(false)).toBe('exit.no_descriptors')
  })
})

describe('redactor', () => {
  it('leaves no secret in any cut of the text, and changes no length', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[A-Za-z0-9_+/-]{8,24}$/),
        fc.array(fc.stringMatching(/^[a-z ]{0,9}$/), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(90), { maxLength: 6 }),
        fc.nat(2),
        async (secret, words, cuts, shift) => {
          const encoded = Buffer.from('x'.repeat(shift) + secret).toString('base64')
          const text = Buffer.from(words.join(secret) + ` ${secret} ${encoded}`)
          const marks = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length]
          const chunks = marks.slice(1).map((mark, index) => text.subarray(marks[index], mark))
          const result = await run(secret, chunks)
          expect(result).toHaveLength(text.length)
          expect(result).not.toContain(secret)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('holds nothing back that cannot be the start of a secret', async () => {
    const source = redactor(secretPatterns(['secret-value']))
    source.write('data: one\n\n')
    expect(source.read()?.toString()).toBe('data: one\n\n')
    source.destroy()
  })
})
