import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type } from '../testing.ts'

describe('commands that ask the manifest', () => {
  let base: string
  let folder: string
  const say = (line: readonly string[], more: { readonly answer?: boolean } = {}) =>
    type(line, { cwd: folder, ...more })
  const manifest = (): string => readFileSync(join(folder, 'sallyport.yaml'), 'utf8')
  const edit = (from: string, to: string): void => {
    expect(manifest()).toContain(from)
    writeFileSync(join(folder, 'sallyport.yaml'), manifest().replace(from, to))
  }

  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
    folder = join(base, 'My Shop')
    expect(await type(['init', 'My Shop'], { cwd: base })).toMatchObject({ exitCode: 0, stderr: '' })
  })
  afterEach(() => rmSync(base, { recursive: true, force: true }))

  test('init says what it wrote and what comes next, and what it wrote holds its own statements', async () => {
    const other = await type(['init', 'other'], { cwd: base })
    expect(other.stdout).toContain('wrote sallyport.yaml\n')
    const call = 'sallyport invoke --app other hello other/events/hello.json --as alice'
    expect(other.stdout.endsWith(`\nnext: sallyport up other\nthen, in another terminal: ${call}\n`)).toBe(true)
    expect((await type(['init', 'mein Büro'], { cwd: base })).stdout).toContain("next: sallyport up 'mein Büro'\n")
    expect(await say(['test'])).toEqual({ stdout: '2 invariants and 5 examples hold\n', stderr: '', exitCode: 0 })
  })

  test('no verb takes a manifest whose attached document goes beyond what its function may have', async () => {
    const resource = (zone: string): string => `arn:sallyport:function:my-shop:${zone}:hello/run`
    const attach = (Action: string, Resource: string): void =>
      writeFileSync(
        join(folder, 'p.json'),
        JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] }),
      )
    edit('  hello:\n', '  hello:\n    policies: [p.json]\n')
    attach('s3:GetObject', 'arn:aws:s3:::photos/*')
    expect((await say(['test'])).exitCode).toBe(0)
    attach('sallyport:InvokeFunction', resource('public'))
    writeFileSync(join(folder, 'without.yaml'), manifest().replace('    policies: [p.json]\n', ''))
    expect((await say(['diff', '.', 'without.yaml'])).stdout).not.toContain('(manifest.zone_ceiling)')
    for (const line of [['test'], ['can', 'hello', 'github.zen'], ['policy', 'hello'], ['diff', 'without.yaml', '.']]) {
      const { stdout, stderr, exitCode } = await say(line)
      expect(stdout + stderr, line.join(' ')).toContain('(manifest.zone_ceiling)')
      expect(exitCode, line.join(' ')).toBe(2)
    }
  })

  test('init never writes over a manifest', async () => {
    const { stderr, exitCode } = await say(['init'])
    expect(stderr).toContain('(cli.exists)')
    expect(exitCode).toBe(2)
  })

  test('can says yes with the rule and its line, and ends with 0', async () => {
    const { stdout, exitCode } = await say(['can', 'hello', 'github.zen'])
    expect(stdout).toMatch(/^allow hello -> UseDoor github\/zen\n {4}policy\.allow: .* at sallyport\.yaml:\d+:\d+\]\n$/)
    expect(exitCode).toBe(0)
  })

  test('can says no with what is missing and the line that would allow it, and ends with 1', async () => {
    const { stdout, exitCode } = await say(['can', 'hello', 'GET', 'https://api.github.com/emojis'])
    expect(stdout).toContain('deny  hello')
    expect(stdout).toContain('door.unlisted')
    expect(stdout).toContain('fix: sallyport allow hello ')
    expect(exitCode).toBe(1)
  })

  test('can offers no line where the manifest itself says that it may never be', async () => {
    const { stdout, exitCode } = await say(['can', 'hello', 'GET', 'https://api.github.com/user'])
    expect(stdout).toContain('states that it never may')
    expect(stdout).not.toContain('fix:')
    expect(exitCode).toBe(1)
  })

  test('a fix names the folder where the question did', async () => {
    const { stdout } = await say(['can', '--app', '.', 'hello', 'GET', 'https://api.github.com/emojis'])
    expect(stdout).toMatch(/fix: sallyport allow hello .* --app \.$/m)
  })

  test('can refuses a name that the manifest does not have, and suggests one', async () => {
    const { stderr, exitCode } = await say(['can', 'hello', 'github.zem'])
    expect(stderr).toContain('zen')
    expect(stderr).toContain('(cli.unknown_name)')
    expect(exitCode).toBe(2)
  })

  test('policy prints the IAM JSON of a function, and nothing for a name that is none', async () => {
    const { stdout } = await say(['policy', 'hello'])
    expect(JSON.parse(stdout)).toMatchObject({
      identityPolicies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sallyport:UseDoor' }] }],
    })
    expect(await say(['policy', 'helo'])).toMatchObject({ stdout: '', exitCode: 2 })
  })

  test('a manifest with faults is named with every fault at its line, and nothing is asked of it', async () => {
    edit('zone: public', 'zone: publik')
    edit('limit: 60/m', 'limit: often')
    const { stdout, exitCode } = await say(['can', 'hello', 'github.zen'])
    expect(stdout.match(/^sallyport\.yaml:\d+:\d+: /gm)?.length).toBeGreaterThanOrEqual(2)
    expect(exitCode).toBe(2)
  })

  test('test ends with 1 when a statement does not hold', async () => {
    edit('- member -> POST /hello\n  - hello', '- hello -> POST /hello\n  - hello')
    const { stdout, exitCode } = await say(['test'])
    expect(stdout).toContain('(only.violated)')
    expect(exitCode).toBe(1)
  })

  test('diff ends with 3 when access broadens, and with 0 when it narrows or stays', async () => {
    expect(await say(['diff', '.', '.'])).toEqual({ stdout: 'no change in access\n', stderr: '', exitCode: 0 })
    const less = manifest()
      .replace(/^ {4}can: .*\n/m, '')
      .replace('  - hello -> github\n', '')
      .replace('    - hello -> GET https://api.github.com/zen\n', '')
    writeFileSync(join(folder, 'less.yaml'), less)
    const more = await say(['diff', 'less.yaml', '.'])
    expect(more.stdout).toContain('+ hello may now use github.zen\n')
    expect(more.exitCode).toBe(3)
    const fewer = await say(['diff', '.', 'less.yaml', '--json'])
    expect(JSON.parse(fewer.stdout)).toMatchObject({
      lines: expect.arrayContaining(['- hello may no longer use github.zen']),
    })
  })

  test('diff names the manifest that has faults', async () => {
    const { stdout, exitCode } = await say(['diff', '.', 'nowhere.yaml'])
    expect(stdout).toContain('nowhere.yaml:\n')
    expect(stdout).toContain('(manifest.file_missing)')
    expect(exitCode).toBe(2)
  })

  test('allow shows the line and the access, asks, and writes one grant with every comment kept', async () => {
    edit('ops: { zen: GET /zen }', 'ops: { zen: GET /zen, octocat: GET /octocat }')
    const before = manifest()
    const { stdout, exitCode } = await say(['allow', 'hello', 'github.octocat'], { answer: true })
    expect(stdout).toContain('+ hello may now use github.octocat')
    expect(stdout.endsWith('wrote sallyport.yaml\n')).toBe(true)
    expect(exitCode).toBe(0)
    expect(manifest()).toBe(before.replace('github: [zen]', 'github: [zen, octocat]'))
    expect((await say(['can', 'hello', 'github.octocat'])).exitCode).toBe(0)
  })

  test('a yes that comes from a pipe is nobody’s', { timeout: 60_000 }, () => {
    edit('ops: { zen: GET /zen }', 'ops: { zen: GET /zen, octocat: GET /octocat }')
    const before = manifest()
    const bin = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))
    const piped = (...flags: readonly string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [bin, 'allow', ...flags, 'hello', 'github.octocat'], { cwd: folder, input: 'y\n' })
    const refused = piped()
    expect([String(refused.stderr), manifest()]).toEqual([expect.stringContaining('nobody is here to ask'), before])
    expect([piped('--yes').status, manifest() === before], 'control').toEqual([0, false])
  })

  test('allow changes nothing after a no, without anybody to ask, or where a statement would break', async () => {
    edit('ops: { zen: GET /zen }', 'ops: { zen: GET /zen, octocat: GET /octocat }')
    const before = manifest()
    expect(await say(['allow', 'hello', 'github.octocat'], { answer: false })).toMatchObject({ exitCode: 1 })
    expect((await say(['allow', 'hello', 'github.octocat'])).stderr).toContain(
      'fix: sallyport allow --yes hello github.octocat',
    )
    const unseen = await say(['allow', 'hello', 'github.octocat', '--json'], { answer: true })
    expect([unseen.exitCode, JSON.parse(unseen.stdout).written]).toEqual([1, false])
    edit('- hello -> GET https://api.github.com/user', '- hello -> GET https://api.github.com/octocat')
    const broken = await say(['allow', 'hello', 'github.octocat', '--yes'])
    expect(broken.stdout).toContain('(expect.failed)')
    expect(broken.exitCode).toBe(1)
    edit('- hello -> GET https://api.github.com/octocat', '- hello -> GET https://api.github.com/user')
    expect(manifest()).toBe(before)
  })

  test('a fix that can prints works when it is pasted', async () => {
    edit('ops: { zen: GET /zen }', 'ops: { zen: GET /zen, octocat: GET /octocat }')
    const { stdout } = await say(['can', 'hello', 'github.octocat'])
    const fix = /fix: sallyport (.+)/.exec(stdout)?.[1] ?? ''
    // The shell itself takes the line apart, as it would for whoever pastes it.
    const words = execFileSync('bash', ['-c', `printf '%s\\0' ${fix}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1)
    expect(await say([...words, '--yes'])).toMatchObject({ exitCode: 0 })
    expect((await say(['can', 'hello', 'github.octocat'])).exitCode).toBe(0)
  })
})
