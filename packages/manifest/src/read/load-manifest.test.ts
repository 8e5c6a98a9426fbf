import { describe, expect, it } from 'vitest'

import { exampleText, load, mustLoad, surroundingsOf } from '../testing/example.ts'
import { loadManifest } from './load-manifest.ts'

function lineOf(passage: string): number {
  return exampleText.slice(0, exampleText.indexOf(passage) + 1).split('\n').length
}

describe('the example', () => {
  it('loads, and all of its own statements hold', () => {
    expect(load().ok).toBe(true)
  })

  it('is filled with defaults', () => {
    const { app } = mustLoad()
    expect(app.functions.map(({ name, reuse, timeoutMs, memoryMb }) => ({ name, reuse, timeoutMs, memoryMb }))).toEqual(
      [
        { name: 'storefront', reuse: 'user', timeoutMs: 10_000, memoryMb: 256 },
        { name: 'orders', reuse: 'user', timeoutMs: 10_000, memoryMb: 256 },
        { name: 'payments', reuse: 'user', timeoutMs: 10_000, memoryMb: 256 },
        { name: 'notifications', reuse: 'shared', timeoutMs: 10_000, memoryMb: 256 },
      ],
    )
    expect(app.tables[0]?.arn).toBe('arn:aws:dynamodb:us-east-1:123456789012:table/Orders')
    expect(app.functions[0]?.routes[0]?.limit).toEqual({ calls: 10, perMs: 60_000 })
    expect(app.people[2]?.jit).toEqual({
      maxMs: 3_600_000,
      approvers: ['admin'],
      reasonRequired: true,
      approvals: 1,
      requestMs: 86_400_000,
      approvalMs: 3_600_000,
    })
  })

  it('keeps line and column of what it read', () => {
    const { app } = mustLoad()
    expect(app.functions[2]?.at).toEqual({ file: 'sallyport.yaml', line: lineOf('\n  payments:'), column: 3 })
  })

  it('takes an upstream from the environment, which then is part of the digest', () => {
    const here = mustLoad().app
    const there = loadManifest('/app', {
      ...surroundingsOf(),
      environment: { STRIPE_UPSTREAM: 'https://api.stripe.com' },
    })
    expect(here.doors[0]).toMatchObject({ upstream: 'http://127.0.0.1:8481', privateUpstream: true })
    expect(there).toMatchObject({
      ok: true,
      app: { doors: [{ upstream: 'https://api.stripe.com', privateUpstream: false }, {}] },
    })
    expect(there.ok && there.app.digest).not.toBe(here.digest)
  })

  it('serves one user with a function that a grant, or a document, gives what is of the user served', () => {
    const reuseWith = (condition: string): unknown => {
      const document =
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sallyport:UseDoor","Resource":"*",' +
        `"Condition":{"Null":{"${condition}":"true"}}}]}`
      const text = exampleText.replace(
        '    can: { email: [send] }',
        '    can: { email: [send] }\n    policies: [p.json]',
      )
      const loaded = loadManifest('/app', surroundingsOf({ 'sallyport.yaml': text, 'p.json': document }))
      return loaded.ok && loaded.app.functions.at(-1)?.reuse
    }
    expect(reuseWith('sallyport:TransactionUser')).toBe('user')
    expect(reuseWith('aws:SourceIp')).toBe('shared')
  })

  it('has a digest that a schema changes too', () => {
    const schema = '{ "type": "object" }'
    expect(mustLoad(exampleText, { 'schemas/refund.json': schema }).app.digest).not.toBe(mustLoad().app.digest)
  })
})
