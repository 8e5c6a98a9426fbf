import { afterAll, describe, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

const policy = (...Statement: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement })
const allow = (Action: string, Resource: string, more = {}) => ({ Effect: 'Allow', Action, Resource, ...more })
const words = Array.from({ length: 40 }, (_, index) => `*${String.fromCodePoint(0x4e00 + index)}*`)
const tangled = {
  Condition: { StringLike: { 'k:a': words }, StringNotLike: { 'k:a': words.toReversed() } },
}

const files = appWith({
  'get.json': policy(allow('s3:GetObject', 'arn:aws:s3:::photos/*')),
  'all.json': policy(allow('s3:*', 'arn:aws:s3:::photos/*')),
  'other.json': policy(allow('s3:*', 'arn:aws:s3:::papers/*')),
  'tangled.json': policy(allow('s3:*', 'arn:aws:s3:::papers/*', tangled)),
  'broad.json': policy(allow('s3:*', '*')),
  'slips.json': JSON.stringify({
    Statement: [
      allow('s3:GetObjct', 'arn:aws:s3:::photos/*'),
      { ...allow('s3:ListBucket', 'arn:aws:s3:::photos/*'), Sid: 'List' },
      { ...allow('s3:GetObject', 'arn:aws:s3:::photos/*'), Condition: { StringLike: { 's3:prefix': 'a*' } } },
    ],
  }),
  'faulty.json': policy({ ...allow('s3:*', '*'), Effect: 'Maybe' }),
})
afterAll(() => files.remove())
const say = (...line: readonly string[]) => type(line, { cwd: files.folder })

describe('prove', () => {
  test('ends with 0 where one policy lies within the other', async () => {
    expect(await say('prove', 'get.json', '--within', 'all.json')).toMatchObject({
      stdout: 'proved: everything that get.json allows, all.json allows\n',
      exitCode: 0,
    })
  })

  test('ends with 1 and shows a request where it does not', async () => {
    const { stdout, exitCode } = await say('prove', 'all.json', '--within', 'get.json', '--json')
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      holds: false,
      witness: { action: expect.stringMatching(/^s3:/), resource: 'arn:aws:s3:::photos/example' },
    })
  })

  test('tells equal from overlapping', async () => {
    expect(await say('prove', 'all.json', '--equal', 'all.json')).toMatchObject({ exitCode: 0 })
    expect(await say('prove', 'all.json', '--equal', 'get.json')).toMatchObject({ exitCode: 1 })
    expect(await say('prove', 'all.json', '--overlap', 'get.json')).toMatchObject({ exitCode: 0 })
    expect(await say('prove', 'all.json', '--overlap', 'other.json')).toMatchObject({ exitCode: 1 })
  })

  test('ends with 6 and says why where neither can be shown', { timeout: 60_000 }, async () => {
    const { stdout, exitCode } = await say('prove', 'tangled.json', '--within', 'get.json')
    expect(stdout).toContain('(policy.proof_gap)')
    expect(exitCode).toBe(6)
  })

  test('refuses a faulty policy, a missing file and half a question with 2', async () => {
    const faulty = await say('prove', 'faulty.json', '--within', 'all.json')
    expect(faulty.stdout).toMatch(/^faulty\.json:1:\d+: Statement\[0\]\.Effect: .*\(policy\.invalid_value\)/)
    expect(faulty.exitCode).toBe(2)
    expect(await say('prove', 'none.json', '--within', 'all.json')).toMatchObject({ exitCode: 2 })
    expect(await say('prove', 'all.json')).toMatchObject({ exitCode: 2 })
    expect(await say('prove', 'all.json', '--within', 'get.json', '--equal', 'get.json')).toMatchObject({ exitCode: 2 })
  })

  test('finds the way through an app, and says when there is none', async () => {
    await say('init', 'shop')
    const yes = await say('prove', 'member -> hello', '--app', 'shop')
    expect(yes.stdout).toMatch(/^yes:\n {2}member -> POST \/hello/)
    expect(yes.exitCode).toBe(0)
    expect(await say('prove', 'internet -> hello', '--app', 'shop')).toMatchObject({ exitCode: 1 })
    expect(await say('prove', 'membre -> hello', '--app', 'shop')).toMatchObject({ exitCode: 2 })
    expect(await say('can', '--who', 'POST', '/hello', '--app', 'shop')).toMatchObject({
      stdout: expect.stringMatching(/^member -> POST \/hello/),
      exitCode: 0,
    })
  })
})

describe('lint', () => {
  test('ends with 0 where it finds nothing, and with 1 and positions where it does', async () => {
    expect(await say('lint', 'get.json')).toMatchObject({ exitCode: 0 })
    const { stdout, exitCode } = await say('lint', 'get.json', 'broad.json')
    expect(stdout).toMatch(/^broad\.json:1:\d+: statement 1: .*\(lint\.broad\)\n$/)
    expect(exitCode).toBe(1)
  })

  test('knows what AWS has, and on what it can be granted', async () => {
    const { stdout, exitCode } = await say('lint', 'slips.json')
    expect(stdout).toMatch(/no action is called s3:GetObjct; s3:GetObject is \(lint\.unknown_action\)/)
    expect(stdout).toMatch(/s3:ListBucket never meets .* \(lint\.wrong_resource\)/)
    expect(stdout).toMatch(/carries s3:prefix.* \(lint\.foreign_key\)/)
    expect(exitCode).toBe(1)
  })

  test('ends with 2 where a file is no policy', async () => {
    expect(await say('lint', 'faulty.json')).toMatchObject({ exitCode: 2 })
  })
})
