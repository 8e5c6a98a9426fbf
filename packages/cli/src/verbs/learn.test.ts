import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { SeenExit } from '@sallyport/manifest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type } from '../testing.ts'

describe('sallyport learn', () => {
  let base: string
  let folder: string
  const say = (line: readonly string[], more: { readonly answer?: boolean; readonly typed?: string } = {}) =>
    type(['learn', ...line], { cwd: folder, ...more })
  const manifest = (): string => readFileSync(join(folder, 'sallyport.yaml'), 'utf8')
  const unlisted = (url: string, more: Partial<SeenExit> = {}): SeenExit => {
    const asked = { method: 'GET', url, code: 'door.unlisted' }
    return { at: 1, functionName: 'hello', effect: 'deny', ...asked, ...more }
  }
  const record = (...seen: readonly SeenExit[]): void => {
    mkdirSync(join(folder, '.sallyport'), { recursive: true })
    writeFileSync(join(folder, '.sallyport/learned'), seen.map((one) => `${JSON.stringify(one)}\n`).join(''))
  }
  const known = unlisted('https://api.github.com/repos/1/issues')
  const strange = unlisted('https://collect.evil.example/v1/steal', { package: 'left-pad' })

  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
    folder = join(base, 'shop')
    expect(await type(['init', 'shop'], { cwd: base })).toMatchObject({ exitCode: 0 })
  })
  afterEach(() => rmSync(base, { recursive: true, force: true }))

  test('shows lines and access, asks, and writes with every comment kept', async () => {
    record(known, unlisted('https://api.github.com/zen', { effect: 'allow', dropped: ['x-custom'] }))
    const before = manifest()
    const { stdout, exitCode } = await say([], { answer: true })
    for (const line of ['ops: { zen', 'accept: [x-custom]', 'can: { github: [zen, get-issues] }'])
      expect(stdout).toContain(line)
    expect(stdout).toContain('seen: GET https://api.github.com/repos/1/issues')
    expect(stdout).toContain('+ hello may now use github.get-issues')
    expect(stdout.endsWith('wrote sallyport.yaml\n')).toBe(true)
    expect(exitCode).toBe(0)
    expect(manifest()).toContain('get-issues: GET /repos/:id/issues')
    expect(manifest().match(/#.*/g)).toEqual(before.match(/#.*/g))
    expect(await say([])).toMatchObject({
      stdout: 'nothing that was recorded needs a line in the manifest\n',
      exitCode: 0,
    })
  })

  test('changes nothing after a no, or where nobody is there to ask', async () => {
    record(known)
    const before = manifest()
    expect(await say([], { answer: false })).toMatchObject({ exitCode: 1 })
    expect((await say([])).stderr).toContain('fix: sallyport learn --yes')
    expect(manifest()).toBe(before)
  })

  test('takes up no host that no door leads to unless its name is typed; --yes does not type it', async () => {
    record(known, strange)
    const before = manifest()
    const without = await say(['--yes'])
    expect(without.stdout).toContain('new host: collect.evil.example')
    expect(without.stdout).toContain('asked by the npm package left-pad (advisory')
    expect(manifest()).not.toBe(before)
    expect(manifest()).not.toContain('collect.evil')
    for (const typed of ['', 'yes', 'evil.example']) await say([], { answer: true, typed })
    expect(manifest()).not.toContain('collect.evil')
    expect((await say([], { answer: true, typed: 'collect.evil.example' })).stdout).toContain(
      '+ hello may now use evil.',
    )
    expect(manifest()).toContain('to: https://collect.evil.example')
  })

  test('takes a host that is named by flag, and only what one function asked for', async () => {
    record(strange, unlisted('https://api.github.com/other', { functionName: 'nobody' }))
    const line = ['--yes', '--host', 'collect.evil.example']
    expect((await say([...line, '--function', 'nobody'])).stdout).toContain('nothing that was recorded')
    expect((await say(line)).stdout).toContain('wrote sallyport.yaml')
    expect(manifest()).toContain('evil: { to: https://collect.evil.example, ops: { get-steal: GET /v1/steal } }')
  })

  test('leaves out what the manifest states may never be, and says why', async () => {
    record(unlisted('https://api.github.com/user'), known)
    const { stdout } = await say(['--yes'])
    expect(stdout).toMatch(/not taken up: hello: github\.get-user=GET https:\/\/api\.github\.com\/user: /)
    expect(manifest()).toContain('get-issues')
    expect(manifest()).not.toContain('get-user')
  })

  test('gives the same as JSON, and writes nothing then unless told', async () => {
    record(known, strange)
    const before = manifest()
    const { stdout, exitCode } = await say(['--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      written: false,
      hosts: [],
      proposals: [
        {
          kind: 'grant',
          functionName: 'hello',
          action: 'github.get-issues=GET https://api.github.com/repos/:id/issues',
        },
        { newHost: 'collect.evil.example', packages: ['left-pad'] },
      ],
      access: { broadens: true },
    })
    expect(exitCode).toBe(0)
    expect(manifest()).toBe(before)
  })

  test('says how to record where nothing was', async () => {
    const { stderr, exitCode } = await say([])
    expect(stderr).toContain('(cli.no_recording)')
    expect(stderr).toMatch(/fix: sallyport dev .*shop --learn/)
    expect(exitCode).toBe(2)
  })
})
