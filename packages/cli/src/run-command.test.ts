import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { exitCodes } from './exit-codes.ts'
import { helpTexts } from './run-command.ts'
import { appWith, type } from './testing.ts'
import { serverArguments } from './verbs/server.ts'

const bin = fileURLToPath(new URL('../bin/sallyport.js', import.meta.url))

describe('the command line', () => {
  test('a mistyped flag is an error that names the right one, never ignored', async () => {
    const { stderr, exitCode } = await type(['why', '--lats'])
    expect(stderr).toContain('did you mean --last?')
    expect(exitCode).toBe(exitCodes.usage.code)
  })

  test('a mistyped command is an error that names the right one', async () => {
    const { stderr, exitCode } = await type(['wyh'])
    expect(stderr).toBe('sallyport: there is no command wyh; did you mean why? (cli.usage)\n  fix: sallyport --help\n')
    expect(exitCode).toBe(exitCodes.usage.code)
    // Not every short word is a mistyped one.
    expect((await type(['foo'])).stderr).not.toContain('did you mean')
  })

  test('everything that is wrong with a command line is told at once', async () => {
    const told = 'sallyport: OLD is missing (cli.usage)\nsallyport: NEW is missing (cli.usage)\n'
    expect((await type(['diff'])).stderr).toBe(`${told}  fix: sallyport diff --help\n`)
    const { stdout } = await type(['diff', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'OLD is missing; NEW is missing' } })
  })

  test('whoever names the manifest means its app, and no other file is one', async () => {
    const app = appWith({ 'sallyport.yaml': 'app: [', other: '' })
    const named = await type(['test', '--app', 'sallyport.yaml'], { cwd: app.folder })
    const other = await type(['test', '--app', 'other'], { cwd: app.folder })
    app.remove()
    expect(named.stdout).toContain('(manifest.yaml)')
    expect(other.stderr).toBe('sallyport: other is no folder (cli.no_app)\n')
  })

  const faulty: readonly (readonly [line: string, says: string, fix: string])[] = [
    ['why -x', 'there is no flag -x', 'why'],
    ['can', 'SUBJECT is missing', 'can'],
    ['revoke x', '--reason needs a value', 'revoke'],
    ['requests all', '"all" is a word too many: none is taken here', 'requests'],
    ['up --port x', '--port: x is no port', 'up'],
    ['up --broadening x', '--broadening is one of refuse, ask, allow, not x', 'up'],
    ['why a --app b --app c', '--app stands twice: "b" and "c"', 'why'],
    ['user lst', 'there is no command lst; did you mean list?', 'user'],
    ['user add --rule x', 'there is no flag --rule; did you mean --role?', 'user add'],
  ]
  for (const [line, says, fix] of faulty) {
    test(`says what is wrong with: ${line}`, async () => {
      const { stdout, stderr, exitCode } = await type(line.split(' '))
      expect([stdout, stderr]).toEqual(['', `sallyport: ${says} (cli.usage)\n  fix: sallyport ${fix} --help\n`])
      expect(exitCode).toBe(exitCodes.usage.code)
      const asked = await type([...line.split(' '), '--json'])
      expect(JSON.parse(asked.stdout)).toEqual({
        error: { code: 'cli.usage', message: says, fix: `sallyport ${fix} --help` },
      })
    })
  }

  test('help names every verb once and fits a terminal', async () => {
    const { stdout, exitCode } = await type([])
    expect(exitCode).toBe(0)
    expect(await type(['--help'])).toMatchObject({ stdout })
    const named = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].flatMap(([, verb]) => verb ?? [])
    const verbs = new Set(helpTexts().flatMap(([route]) => route.split(' ')[1] ?? []))
    expect(new Set(named)).toEqual(verbs)
    expect(named).toHaveLength(verbs.size)
    const all = [stdout, (await type(['user'])).stdout, ...helpTexts().map(([, help]) => help)].join('\n').split('\n')
    expect(all.filter((line) => line.length > 100 || line.endsWith(' '))).toEqual([])
    expect((await type(['up', '--help'])).stdout.trimEnd()).toBe(
      helpTexts()
        .find(([route]) => route === 'sallyport up')?.[1]
        .trimEnd(),
    )
  })

  test('without a manifest anywhere it says how to begin', async () => {
    const { stderr, exitCode } = await type(['logs'], { cwd: '/' })
    expect(stderr).toContain('(cli.no_app)\n  fix: sallyport init')
    expect(exitCode).toBe(exitCodes.usage.code)
  })

  test('errors are JSON where JSON was asked for', async () => {
    const { stdout } = await type(['logs', '--json'], { cwd: '/' })
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'cli.no_app', fix: 'sallyport init' } })
  })

  test('completes commands and flags', async () => {
    expect((await type(['__complete', 'w'])).stdout).toBe('why\nwho\n')
    expect((await type(['__complete', 'why', '--l'])).stdout).toBe('--last\n')
    expect((await type(['__complete', 'completion', ''])).stdout).toBe('bash\nzsh\nfish\n')
  })

  test('prints a completion script that the shell can read', async () => {
    const { stdout } = await type(['completion', 'bash'])
    expect(execFileSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toBe('')
  })

  test('no two exit codes mean the same', () => {
    const codes = Object.values(exitCodes).map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  test('hands the server its own words', () => {
    const flags = { http: true, yes: true, json: false, port: 0, broadening: 'refuse', inspect: 'orders' } as const
    expect(serverArguments('dev', flags, '/app')).toEqual([
      'dev',
      '/app',
      '--port',
      '0',
      '--http',
      '--inspect',
      'orders',
      '--broadening',
      'allow',
    ])
    expect(serverArguments('up', { http: false, yes: false, json: false }, '/app')).toEqual(['up', '/app'])
  })
})

describe('the program', () => {
  test('starts from a checkout and passes on arguments and exit code', { timeout: 60_000 }, () => {
    const { stdout, status } = spawnSync(process.execPath, [bin, '--version'], { encoding: 'utf8' })
    expect(stdout.trim()).toBe('0.1.0')
    expect(status).toBe(0)
    expect(spawnSync(process.execPath, [bin, 'wyh'], { encoding: 'utf8' }).status).toBe(exitCodes.usage.code)
  })
})
