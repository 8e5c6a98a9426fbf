import { expect, test } from 'vitest'

import { argumentsOf, modeOf, parseServerArguments, startCommand } from './arguments.ts'

test('up takes a folder and has safe defaults', () => {
  expect(parseServerArguments(['up', '/srv/app'], false)).toEqual({
    mode: 'up',
    folder: '/srv/app',
    port: 8443,
    issuerPort: 8444,
    plainHttp: false,
    broadening: 'refuse',
  })
})

test('on a terminal a broadening manifest is asked about', () => {
  expect(parseServerArguments(['up'], true).broadening).toBe('ask')
})

test.each([
  ['no mode', []],
  ['another mode', ['down']],
  ['a misspelt flag', ['up', '--htpp']],
  ['a permissive mode, which does not exist', ['dev', '--permissive']],
  ['two folders', ['up', 'a', 'b']],
  ['no port', ['up', '--port', 'x']],
  ['a port below none', ['up', '--port=-80']],
  ['a port in another spelling', ['up', '--port', '8e1']],
  ['a port too large', ['up', '--port', '65536']],
  ['a debugger in up', ['up', '--inspect', 'orders']],
  ['a recording in up', ['up', '--learn']],
  ['an unknown broadening', ['up', '--broadening', 'maybe']],
  ['uids of ordinary users', ['up', '--uids', '65535']],
  ['uids beyond what programs can count', ['up', '--uids', '2147000001']],
  ['uids in another spelling', ['up', '--uids', '1e5']],
])('refuses %s', (_name, args) => {
  expect(() => parseServerArguments(args, false)).toThrow(expect.objectContaining({ code: 'server.usage' }))
})

test('a public name comes with a certificate, ordered or read', () => {
  const files = ['--certificate', '/etc/a.pem', '--certificate-key', '/etc/a.key']
  const read = parseServerArguments(
    ['up', '/srv/app', '--name', 'shop.example', '--listen', '0.0.0.0', ...files],
    false,
  )
  expect(read.outside).toEqual({
    name: 'shop.example',
    listen: '0.0.0.0',
    certificate: { kind: 'files', certificate: '/etc/a.pem', key: '/etc/a.key' },
  })
  const directory = 'https://acme-v02.api.letsencrypt.org/directory'
  const ordered = parseServerArguments(['up', '/srv/app', '--name', 'shop.example', '--acme', directory], false)
  expect(ordered.outside?.certificate).toEqual({ kind: 'acme', directory, port: 80 })
  expect(startCommand(read, {})).toBe(
    'sallyport up /srv/app --name shop.example --listen 0.0.0.0 --certificate /etc/a.pem --certificate-key /etc/a.key',
  )
  expect(startCommand(ordered, {})).toBe(`sallyport up /srv/app --name shop.example --acme ${directory}`)
})

for (const [what, args] of [
  ['no certificate', ['--name', 'shop.example']],
  ['half of one', ['--name', 'shop.example', '--certificate', 'a.pem']],
  ['two', ['--name', 'shop.example', '--certificate', 'a', '--certificate-key', 'b', '--acme', 'https://a.example']],
  ['an authority in the clear', ['--name', 'shop.example', '--acme', 'http://a.example']],
  ['a name that is none', ['--name', 'shop', '--acme', 'https://a.example']],
  ['an address that is none', ['--name', 'shop.example', '--acme', 'https://a.example', '--listen', 'everywhere']],
  ['no name', ['--listen', '0.0.0.0']],
  ...['0', '65536', '8e1', '-80', ''].map(
    (port) =>
      [
        `“${port}” for a port of the authority`,
        ['--name', 'shop.example', '--acme', 'https://a.example', `--acme-port=${port}`],
      ] as const,
  ),
  ...['--acme-port=80', '--acme-ca=ca.pem'].map(
    (flag) =>
      [
        `${flag} and no authority`,
        ['--name', 'shop.example', '--certificate', 'a.pem', '--certificate-key', 'a.key', flag],
      ] as const,
  ),
  ['plain HTTP', ['--name', 'shop.example', '--acme', 'https://a.example', '--http']],
] as const) {
  test(`refuses the outside with ${what}`, () => {
    expect(() => parseServerArguments(['up', ...args], false)).toThrow(
      expect.objectContaining({ code: 'server.usage' }),
    )
  })
}

// What the server is started with once more, without root: nothing that was asked for may be lost on the way.
const whole = [
  'up /srv/app',
  'up /srv/app --port 1 --issuer-port 2 --keep-root --json --broadening allow',
  'dev /srv/app --http --inspect till --learn --uids 65536 --broadening ask',
  'up /srv/app --uids 2147000000 --name shop.example --certificate /a --certificate-key /b',
  'up /srv/app --name shop.example --listen 0.0.0.0 --acme https://a.example --acme-port 65535 --acme-ca /ca.pem',
]
for (const text of whole) {
  test(`is handed on whole: ${text}`, () => {
    const args = text.split(' ')
    const options = parseServerArguments(args, false)
    for (const flag of args.filter((word) => !['--broadening', 'refuse'].includes(word))) {
      expect(argumentsOf(options)).toContain(flag)
    }
    expect(parseServerArguments(argumentsOf(options), true)).toEqual(options)
  })
}

test('a command to be pasted asks for what was asked for, and for nothing that is so anyway', () => {
  expect(startCommand(parseServerArguments(['up', '/srv/app'], false), {})).toBe('sallyport up /srv/app')
  const broad = parseServerArguments(['up', '/srv/app', '--broadening', 'allow', '--json'], false)
  expect(startCommand(broad, { port: 1 })).toBe('sallyport up /srv/app --port 1 --broadening allow')
})

test('a recording is said in the ledger', () => {
  expect(modeOf(parseServerArguments(['dev', '--learn'], false))).toBe('dev --learn')
  expect(modeOf(parseServerArguments(['dev'], false))).toBe('dev')
})
