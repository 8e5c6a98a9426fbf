import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { exitCodes } from './exit-codes.ts'
import { type } from './testing.ts'
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
    expect(stderr).toContain('`why`')
    expect(exitCode).toBe(exitCodes.usage.code)
  })

  test('a word too many is an error', async () => {
    expect((await type(['requests', 'all'])).exitCode).toBe(exitCodes.usage.code)
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
