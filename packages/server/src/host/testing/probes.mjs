// What hostile or careless function code would try. The tests run each probe in a box and, as its positive control,
// outside: a probe that fails in both places proves nothing.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const probes = {
  echo: ({ value }) => value,
  environment: () => process.env,
  initEnvironment: () => readFileSync('/proc/1/environ', 'utf8'),
  descriptors: () => readdirSync('/proc/self/fd').map((fd) => link(`/proc/self/fd/${fd}`)),
  mountLines: () => readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n'),
  status: () => readFileSync('/proc/self/status', 'utf8'),
  processes: () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
  exists: ({ path }) => existsSync(path),
  read: ({ path }) => attempt(() => readFileSync(path, 'utf8')),
  write: ({ path }) => attempt(() => writeFileSync(path, 'x')),
  command: ({ program, argv }) => spawnSync(program, argv, { encoding: 'utf8', timeout: 3000 }).status,
  syscall: ({ numbers }) => syscall(numbers),
  watch: ({ instances }) => watch(instances),
  connect: ({ host, port, path }) => tryConnect(path === undefined ? { host, port } : { path: `\0${path}` }),
  resolve: ({ name }) =>
    lookup(name).then(
      ({ address }) => address,
      (error) => error.code,
    ),
  datagram: ({ host, port }) => datagram(host, port),
  fill: ({ folder, megabytes }) => fill(folder, megabytes),
  allocate: ({ megabytes }) => allocate(megabytes),
  allocateAndCatch: ({ megabytes }) => attempt(() => allocate(megabytes)),
  fork: ({ count }) => fork(count),
  loop: () => {
    for (;;);
  },
  never: () => new Promise(() => {}),
  exit: ({ status }) => process.exit(status),
  throwError: ({ message }) => {
    throw new TypeError(message)
  },
  rejectLater: ({ message }) => {
    void Promise.reject(new RangeError(message))
    return new Promise(() => {})
  },
  answerOf: ({ bytes }) => 'x'.repeat(bytes),
  flood: ({ megabytes }) => {
    const line = `${'flood'.repeat(200)}\n`
    for (let written = 0; written < megabytes * 1e6; written += line.length) process.stdout.write(line)
    return process.stdout.writableLength
  },
  longLine: ({ bytes }) => void process.stdout.write(`${'y'.repeat(bytes)}\n`),
  say: ({ text }) => console.log(text),
  complain: ({ text, times }) => {
    for (let time = 0; time < times; time++) console.error(text)
    return times
  },
  later: ({ afterMs, host, port }) => void setTimeout(() => void tryConnect({ host, port }), afterMs),
  halfRequest: ({ host, port }) =>
    new Promise((resolve) => {
      const socket = connect({ host, port }, () => socket.write('POST /half HTTP/1.1\r\nhost: x\r\n'))
      socket.once('data', () => resolve('held'))
      socket.on('error', () => {})
    }),
  pollNext: ({ file }) => {
    const script = `fetch('http://127.0.0.1:9001/2018-06-01/runtime/invocation/next')
      .then((r) => String(r.status), (e) => 'error ' + e).then((t) => require('node:fs').writeFileSync('${file}', t))`
    spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' }).unref()
  },
  leave: ({ seconds }) => {
    spawn('/usr/bin/sleep', [String(seconds)], { detached: true, stdio: 'ignore' }).unref()
  },
  wait: ({ ms }) => sleep(ms),
  timer: ({ host, port }) => void setInterval(() => void tryConnect({ host, port }), 50),
  promise: ({ host, port }) => void tryOnAndOn({ host, port }),
  begin: ({ host, port, text }) => begin(host, port, text),
  finish: ({ text }) => finish(text),
  both: async ({ host, port, text, rest }) => (await begin(host, port, text)) && finish(rest),
  remaining: (_, context) => context.getRemainingTimeInMillis(),
  claims: (_, context) => context.sallyport,
  context: (_, context) => JSON.parse(JSON.stringify(context)),
  count: () => (calls += 1),
}

let calls = 0
let kept

export const handler = async (event, context) => (await probes[event.probe](event, context)) ?? null

function attempt(action) {
  try {
    return { ok: true, value: action() ?? null }
  } catch (error) {
    return { ok: false, code: error.code }
  }
}

function link(path) {
  try {
    return readlinkSync(path)
  } catch {
    return 'closed'
  }
}

/** How many instances of inotify one process gets. */
function watch(instances) {
  const call = process.arch === 'arm64' ? '26, 0' : '294, 0'
  const script = `my $n = 0; for (1..${instances}) { last if syscall(${call}) < 0; $n++ } print $n`
  return Number(spawnSync('/usr/bin/perl', ['-e', script], { encoding: 'utf8' }).stdout)
}

/** Perl is part of every Debian and has `syscall`. Gives the errno, 0 for success. */
function syscall(numbers) {
  const script = `my $r = syscall(${numbers.join(', ')}); print $r == -1 ? $! + 0 : 0`
  return Number(spawnSync('/usr/bin/perl', ['-e', script], { encoding: 'utf8' }).stdout)
}

function tryConnect(options) {
  return new Promise((resolve) => {
    const socket = connect(options)
    socket.setTimeout(1500, () => resolve('timeout') ?? socket.destroy())
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nhost: canary\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.once('error', (error) => resolve(error.code))
    socket.once('close', () => resolve(text === '' ? 'closed' : text))
  })
}

async function tryOnAndOn(where) {
  for (;;) {
    await sleep(50)
    await tryConnect(where)
  }
}

/** Opens a connection, says `text` once the door has answered, and keeps it for another call. */
function begin(host, port, text) {
  return new Promise((resolve) => {
    kept = connect({ host, port })
    kept.on('error', () => {})
    kept.once('data', () => kept.write(text, () => resolve('begun')))
  })
}

/** `taken` when the door still takes what is said on the kept connection. */
function finish(text) {
  return new Promise((resolve) => {
    if (kept.destroyed || !kept.writable) return resolve('closed')
    kept.once('close', () => resolve('closed'))
    kept.once('error', () => resolve('closed'))
    kept.once('data', () => resolve('taken'))
    kept.write(text)
  })
}

function datagram(host, port) {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const done = (text) => resolve(text) ?? socket.close()
    const timer = setTimeout(() => done('silence'), 500)
    socket.once('message', (bytes) => clearTimeout(timer) ?? done(bytes.toString()))
    socket.once('error', (error) => clearTimeout(timer) ?? done(error.code))
    socket.connect(port, host, () => socket.send('probe'))
  })
}

function fill(folder, megabytes) {
  const chunk = Buffer.alloc(1024 * 1024)
  mkdirSync(folder, { recursive: true })
  for (let written = 0; written < megabytes; written++) {
    const { ok, code } = attempt(() => writeFileSync(`${folder}/${written}`, chunk))
    if (!ok) return { written, code }
  }
  return { written: megabytes }
}

function allocate(megabytes) {
  const held = []
  for (let at = 0; at < megabytes; at += 16) held.push(Buffer.alloc(16 * 1024 * 1024, 1))
  return held.length
}

async function fork(count) {
  const children = Array.from({ length: count }, () => spawn('/usr/bin/sleep', ['5'], { stdio: 'ignore' }))
  const outcomes = await Promise.all(
    children.map(
      (child) => new Promise((resolve) => child.once('spawn', () => resolve(true)).once('error', () => resolve(false))),
    ),
  )
  for (const child of children) child.kill('SIGKILL')
  return outcomes.filter(Boolean).length
}
