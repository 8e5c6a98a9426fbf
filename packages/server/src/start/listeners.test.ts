import { spawn } from 'node:child_process'
import { connect } from 'node:net'

import { describe, expect, it, test } from 'vitest'

import { parseServerArguments } from './arguments.ts'
import { commandWithoutRoot } from './drop.ts'
import { handedListener, listening, listenersVariable, lowListeners } from './listeners.ts'
import { blockAt } from './uid-block.ts'

const named = ['--name', 'shop.example', '--listen', '0.0.0.0']
const acme = ['--acme', 'https://acme.example/directory']

test('low ports of the gateway and of challenges are opened by root; others, and none, by the server', () => {
  const low = (...args: string[]) => lowListeners(parseServerArguments(['up', '/srv', ...args], false), 1024)
  expect(low()).toEqual([])
  expect(low('--port', '0')).toEqual([])
  expect(low('--port', '443')).toEqual([{ host: '127.0.0.1', port: 443 }])
  const both = low('--port', '443', ...named, ...acme)
  expect(both).toEqual([443, 80].map((port) => ({ host: '0.0.0.0', port })))
  expect(low(...named, ...acme, '--acme-port', '5002')).toEqual([])
})

test('a server finds what it was handed by address and port, and nothing else', () => {
  const handed = (host: string, port: number, to = '0.0.0.0 443\n0.0.0.0 80') =>
    handedListener(host, port, { [listenersVariable]: to })
  expect([handed('0.0.0.0', 443), handed('0.0.0.0', 80)]).toEqual([3, 4])
  expect([handed('127.0.0.1', 443), handed('0.0.0.0', 8443)]).toEqual([undefined, undefined])
  expect([handed('0.0.0.0', 443, ''), handedListener('0.0.0.0', 443, {})]).toEqual([undefined, undefined])
})

describe.skipIf(process.getuid?.() !== 0)('a server that gave up root (as root)', { timeout: 60_000 }, () => {
  const serve = `
    import { createServer } from 'node:net'
    createServer().on('error', ({ code }) => console.log(code)).listen(1, '127.0.0.1', () => console.log('opened'))
    createServer((socket) => socket.end('served')).listen({ fd: 3 }, function () { console.log(this.address().port) })
    process.stdin.on('end', () => process.exit()).resume()`

  it('serves at a low port that root opened, and can open none itself', async () => {
    const port = 1023
    const command = commandWithoutRoot(
      blockAt(1_900_002_000),
      { covers: [], shown: [] },
      [process.execPath, '--input-type=module', '-e', serve],
      1,
    )
    const [program, ...argv] = listening([{ host: '127.0.0.1', port }], command)
    const server = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    server.stdout.setEncoding('utf8').on('data', (text: string) => void (said += text))
    await expect.poll(() => said.trim().split('\n').toSorted(), { timeout: 30_000 }).toEqual([String(port), 'EACCES'])
    const answer = await new Promise<string>((resolve, reject) => {
      const client = connect(port, '127.0.0.1').setEncoding('utf8').once('error', reject)
      client.once('data', (text) => resolve(String(text)))
    })
    expect(answer).toBe('served')
    server.stdin.end()
    await new Promise((resolve) => server.once('exit', resolve))
  })
})
