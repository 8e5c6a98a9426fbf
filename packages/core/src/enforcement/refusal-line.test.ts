import { anonymous, type Deny, type Reason } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { refusalLine } from './refusal-line.ts'

const denied = (reason: Reason): Deny => ({
  effect: 'deny',
  id: 'd1',
  explicit: false,
  layer: reason.layer,
  reasons: [reason],
  asked: [
    {
      id: 'd1',
      transaction: 't1',
      subject: { ...anonymous, kind: 'function', id: 'arn:sallyport:function:shop:inner:payments', name: 'payments' },
      action: 'sallyport:UseDoor',
      resource: 'arn:sallyport:door:shop::stripe/balance',
      context: {},
      actors: [],
    },
  ],
})

test('names subject, action, resource, layer, reason, rule, fix and id', () => {
  const at = 'sallyport.yaml:31:7'
  const fix = "sallyport allow payments 'stripe.balance=GET /v1/balance'"
  expect(refusalLine(denied({ code: 'door.unlisted', layer: 'door', message: 'No operation fits.', at, fix }))).toBe(
    'payments may not sallyport:UseDoor on door stripe/balance; ' +
      'door refused: door.unlisted: No operation fits.; at: sallyport.yaml:31:7; ' +
      `fix: ${fix}; why: sallyport why d1`,
  )
})

test('shows what no door answers as the address it is', () => {
  const [asked] = denied({ code: 'door.unlisted', layer: 'door', message: 'No.' }).asked
  const resource = 'arn:sallyport:door:shop::?/GET https://evil.example/'
  const line = refusalLine({
    ...denied({ code: 'door.unlisted', layer: 'door', message: 'No.' }),
    asked: [{ ...asked, resource }],
  })
  expect(line).toContain('payments may not sallyport:UseDoor on door GET https://evil.example/; ')
})

test('says of a package that it is advisory, and leaves out what is not known', () => {
  const line = refusalLine(denied({ code: 'door.unlisted', layer: 'door', message: 'No.' }), 'left-pad')
  expect(line).toContain('asked by npm package left-pad (advisory)')
  expect(line).not.toContain('fix:')
})
