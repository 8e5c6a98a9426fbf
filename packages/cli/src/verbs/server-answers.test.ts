import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { makeHolderKey } from '../bound/index.ts'
import { loginFile } from '../login/index.ts'
import { runCommand } from '../run-command.ts'
import { appWith } from '../testing.ts'

const issuer = 'https://localhost:1'
let app: ReturnType<typeof appWith>
let server: Server
/** What the server answers to whatever it is asked but for its status. */
let said: unknown
let asked: { readonly url: string; readonly body: string }[]

beforeEach(async () => {
  asked = []
  app = appWith({ 'sallyport.yaml': 'app: checkout\n', '.sallyport/api-token': 'local-token\n', 'ca.pem': '' })
  server = createServer((message, response) => {
    let body = ''
    message.setEncoding('utf8').on('data', (part: string) => (body += part))
    message.once('end', () => {
      if (message.url !== '/v1/status') asked.push({ url: message.url ?? '', body })
      response.end(JSON.stringify(message.url === '/v1/status' ? { issuer, caFile: join(app.folder, 'ca.pem') } : said))
    })
  })
  await new Promise<void>((resolve) => server.listen(join(app.folder, '.sallyport/api.sock'), resolve))
  const login = { issuer, key: makeHolderKey(), accessToken: 'a1', expiresAt: Date.now() + 3_600_000 }
  loginFile(issuer, environment()).write(login)
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  app.remove()
})

const environment = (): Readonly<Record<string, string>> => ({ XDG_CONFIG_HOME: join(app.folder, 'home') })

/** What a command of somebody who signed in prints. */
async function say(...line: readonly string[]): Promise<string> {
  let output = ''
  const stream = { write: (text: string) => void (output += text) }
  await runCommand(line, {
    process: { stdout: stream, stderr: stream, env: environment() },
    cwd: app.folder,
    readInput: () => Promise.resolve(new Uint8Array()),
    input: async function* () {},
    ask: () => Promise.resolve(undefined),
    type: () => Promise.resolve(undefined),
    clock: () => 0,
  })
  return output
}

const at = Date.UTC(2026, 0, 2)
const time = '2026-01-02T00:00:00.000Z'
const ada = 'arn:sallyport:identity:checkout::user/ada'
const bob = {
  name: 'bob',
  roles: ['support', 'admin'],
  hasPassword: true,
  hasCode: true,
  passkeys: 2,
  links: [{ upstream: 'staff', subject: 'b-1' }],
  recoveryCodes: 9,
  devices: ['bob-phone'],
}
const asks = { id: 'r-1', subject: ada, role: 'admin', state: 'requested', reason: 'refund' }

describe('what a server answers is shown, and what it leaves out is not made up:', () => {
  test.each<readonly [readonly string[], unknown, string]>([
    [
      ['user', 'list'],
      { users: [bob, { name: 'eve' }, { name: 'max', disabled: true }, { name: 'noa', invited: true }, 7] },
      'bob  support, admin  password, code, 2 passkeys, staff:b-1, 9 recovery codes  on bob-phone\n' +
        'eve  no roles  nothing to sign in with\n' +
        'max  no roles  nothing to sign in with  disabled\n' +
        'noa  no roles  nothing to sign in with  invited\n',
    ],
    [['user', 'list'], [], ''],
    [['user', 'list'], { users: {} }, ''],
    [['signals'], {}, 'no streams are declared\n'],
    [
      ['signals'],
      {
        streams: [{ name: 'hr', of: 'corp', delivery: 'push', fresh: true, heardAt: at }, { name: 'mdm' }],
        people: [{ target: 'user/bob', risk: 'high', compliant: false }, { target: 'user/eve' }],
      },
      `hr  of corp  push  fresh, heard ${time}\nmdm  of ?  ?  stale, never heard\n` +
        'user/bob  risk high, device not compliant\nuser/eve  \n',
    ],
    [['quarantine'], null, 'nothing is in quarantine\n'],
    [['quarantine'], { quarantined: 'user/bob' }, 'nothing is in quarantine\n'],
    [
      ['quarantine'],
      { quarantined: [{ target: 'user/bob', at, by: ada, reason: 'odd\nhours' }] },
      `user/bob  since ${time}  by ada: odd hours\n`,
    ],
    [['requests'], {}, 'no requests\n'],
    [
      ['requests'],
      { requests: [{ ...asks, approvedBy: [ada], approvalsNeeded: 2 }] },
      'r-1  ada -> admin  requested (1 of 2): refund\n',
    ],
    [['requests'], { requests: [{ ...asks, approvalsNeeded: 2 }] }, 'r-1  ada -> admin  requested: refund\n'],
    [['grants'], { requests: [asks] }, 'nobody is elevated\n'],
    [
      ['grants'],
      [{ id: 'r-2', subject: ada, role: 'admin', state: 'granted', expiresAt: at, breakGlass: true }],
      `r-2  ada -> admin  granted, unapproved until ${time}\n`,
    ],
    [
      ['request', 'admin', '--reason', 'refund'],
      { request: { ...asks, state: 'granted' } },
      'r-1  ada -> admin  granted: refund\n',
    ],
  ])('%j of %j', async (line, answer, shown) => {
    said = answer
    expect(await say(...line)).toBe(shown)
  })
})

test('who is put in quarantine without a reason, is not', async () => {
  said = { target: 'user/bob' }
  expect(await say('quarantine', 'bob')).toContain('say why: --reason TEXT')
  expect(asked).toEqual([])
  expect(await say('quarantine', 'bob', '--reason', 'odd hours')).toBe('user/bob is in quarantine\n')
  expect(asked).toEqual([{ url: '/v1/quarantine', body: '{"target":"bob","reason":"odd hours"}' }])
})

test('a function that there is not is not asked for', async () => {
  said = []
  expect(await say('logs', 'orders')).not.toContain('cli.unknown_name') // the manifest does not load, and says nothing
  expect(asked).toHaveLength(1)
})
