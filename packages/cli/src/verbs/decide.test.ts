import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

const query = (effect: 'Allow' | 'Deny', more: object = {}): object => ({
  identityPolicies: [{ Version: '2012-10-17', Statement: [{ Effect: effect, Action: 's3:*', Resource: '*' }] }],
  request: {
    principal: 'arn:aws:iam::123456789012:user/alice',
    action: 's3:GetObject',
    resource: { arn: 'arn:aws:s3:::shop/a', accountId: '123456789012' },
    context: {},
  },
  ...more,
})
const faulty = {
  ...query('Allow'),
  identityPolicies: [{ Statement: [{ Effect: 'Allow', Actoin: '*', Resource: '*' }] }],
}
const json = (value: unknown): string => JSON.stringify(value)

describe('decide', () => {
  let files: ReturnType<typeof appWith>
  beforeAll(() => {
    const typographic = json(query('Allow')).replaceAll('"Version"', '“Version”')
    files = appWith({
      'allow.json': json(query('Allow')),
      'faulty.json': json(faulty),
      'typographic.json': typographic,
    })
  })
  afterAll(() => files.remove())
  const say = (line: readonly string[], input?: string) =>
    type(['decide', ...line], { cwd: files.folder, ...(input === undefined ? {} : { input }) })

  test('answers one query from a file, and ends as can does', async () => {
    const { stdout, exitCode } = await say(['allow.json'])
    expect(JSON.parse(stdout)).toMatchObject({ effect: 'allow', layer: 'identity' })
    expect(exitCode).toBe(0)
    expect(await say(['-'], json(query('Deny')))).toMatchObject({ exitCode: 1 })
  })

  test('judges an action that takes no resource on everything, as AWS does', async () => {
    const asked = (Resource: string): string =>
      json({
        ...query('Allow'),
        identityPolicies: [{ Statement: { Effect: 'Allow', Action: 'ec2:*', Resource } }],
        request: {
          principal: 'arn:aws:iam::123456789012:user/alice',
          action: 'ec2:DescribeInstances',
          resource: { arn: 'arn:aws:ec2:eu-west-1:123456789012:instance/i-1' },
          context: {},
        },
      })
    expect(await say(['-'], asked('*'))).toMatchObject({ exitCode: 0 })
    expect(await say(['-'], asked('arn:aws:ec2:*:*:instance/*'))).toMatchObject({ exitCode: 1 })
  })

  test('answers a faulty query with every fault and its place, and ends with 2', async () => {
    const { stdout, exitCode } = await say(['faulty.json'])
    expect(exitCode).toBe(2)
    const { effect, error } = JSON.parse(stdout) as { effect: string; error: { faults: readonly object[] } }
    expect(effect).toBe('deny')
    expect(error.faults).toContainEqual(
      expect.objectContaining({ code: 'policy.unknown_element', policy: 'identityPolicies', line: 1, column: 54 }),
    )
  })

  test('offers the corrected text where a word processor has been at it', async () => {
    const { stdout } = await say(['typographic.json'])
    const { error } = JSON.parse(stdout) as { error: { code: string; corrected: string } }
    expect(error.code).toBe('policy.typographic_quotes')
    expect(JSON.parse(error.corrected)).toEqual(query('Allow'))
  })

  test('answers a stream line by line, in order, and goes on after a faulty one', async () => {
    const lines = [query('Allow', { id: 1 }), faulty, query('Deny', { id: 'x' })].map(json)
    const { stdout, exitCode } = await say(['--jsonl', '-'], `${lines[0]}\n\n${lines[1]}\r\n{"a\n${lines[2]}`)
    expect(exitCode).toBe(0)
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(answers).toMatchObject([
      { id: 1, effect: 'allow' },
      { effect: 'deny', error: { code: 'policy.unknown_element' } },
      { effect: 'deny', error: { code: 'policy.syntax' } },
      { id: 'x', effect: 'deny', explicit: true },
    ])
  })

  test('a file that is not there is named', async () => {
    expect(await say(['nothing.json'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing.json') })
  })
})

test('docs/decide.md shows a query and the answer that it gets', async () => {
  const document = readFileSync(new URL('../../../../docs/decide.md', import.meta.url), 'utf8')
  const [asked, answer] = [...document.matchAll(/```json\n(.*?)```/gs)].map(([, block = '']) => block)
  const { stdout } = await type(['decide', '-'], { cwd: '/', input: asked ?? '' })
  expect(JSON.parse(stdout)).toEqual(JSON.parse(answer ?? ''))
})
