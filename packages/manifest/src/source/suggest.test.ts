import { expect, test } from 'vitest'

import { collectFaults } from './faults.ts'
import { parseYaml } from './parse-yaml.ts'
import { checkShape, type Shape } from './shape.ts'
import { didYouMean, inForm } from './suggest.ts'
import { callLimit, duration, name, nameText, names, routeKey } from './words.ts'

const patternOf = (shape: Shape): RegExp => (shape.kind === 'text' && shape.pattern) || /^$/

test.each([
  ['POST hello', routeKey, 'POST /hello'],
  ['post /hello', routeKey, 'POST /hello'],
  ['post hello/', routeKey, 'POST /hello/'],
  ['/zen', routeKey, 'GET /zen'],
  ['GET  /orders', routeKey, 'GET /orders'],
  ['GET /orders/{id}', routeKey, 'GET /orders/:id'],
  ['get /orders/<id>/lines/{line}', routeKey, 'GET /orders/:id/lines/:line'],
  ['60 per minute', patternOf(callLimit), '60/m'],
  ['10/min', patternOf(callLimit), '10/m'],
  ['30 seconds', patternOf(duration), '30s'],
  ['2H', patternOf(duration), undefined],
  ['30', patternOf(duration), '30s'],
  ['Shop App', name, 'shop-app'],
  ['my_shop', name, 'my-shop'],
  // What no guess makes right is left alone.
  ['FETCH /x', routeKey, undefined],
  ['GET /a//b', routeKey, undefined],
  ['often', patternOf(callLimit), undefined],
  ['', name, undefined],
  ['a'.repeat(10_000), name, undefined],
])('%s is meant as what the form takes', (written, form, meant) => {
  expect(inForm(written, form)).toBe(meant)
})

function suggested(text: string, of: Shape): string | undefined {
  const faults = collectFaults()
  const root = parseYaml('sallyport.yaml', text, faults)
  if (root !== undefined) checkShape(root, { kind: 'record', keys: { it: { shape: of } } }, '', faults)
  const [first] = faults.all()
  expect(first?.code).toBe('manifest.wrong_type')
  return first?.suggestion
}

test('one thing where a list is wanted becomes a list of it, and yes becomes true', () => {
  expect(suggested('it: member', names)).toBe('[member]')
  expect(suggested('it: member', { kind: 'either', of: [names, { kind: 'record', keys: {} }] })).toBe('[member]')
  expect(suggested('it: Not A Name', names)).toBeUndefined()
  expect(suggested('it: yes', { kind: 'flag' })).toBe('true')
  expect(suggested('it: Off', { kind: 'flag' })).toBe('false')
  expect(suggested('it: maybe', { kind: 'flag' })).toBeUndefined()
  expect(suggested('it: 30', duration)).toBe('30s')
  expect(suggested('it: My_Shop', nameText)).toBe('my-shop')
})

test('a name that is like none is given no other', () => {
  expect(didYouMean('ordres', ['orders', 'payments'])).toBe('did you mean "orders"?')
  expect(didYouMean('something-else', ['orders', 'payments'])).toBeUndefined()
})

test.each([
  ['a: 1\nb: x\n', 'The manifest has no key "a".'],
  ['b: x\nc: x\n', 'The manifest has no key "c".'],
  ['{}\n', 'The manifest needs "b".'],
  ['[]\n', 'The manifest must be a map, not a list.'],
  ['b:\n', 'b must be a plain word, not nothing.'],
  ['b: x*\n', 'b: "x*" holds a "*", and there are no wildcards.'],
])('%j: %s', (text, message) => {
  const word: Shape = { kind: 'text', says: 'a plain word', pattern: /^[a-z]+$/ }
  const shape: Shape = { kind: 'record', keys: { b: { shape: word, required: true } } }
  const faults = collectFaults()
  const node = parseYaml('sallyport.yaml', text, faults)
  if (node !== undefined) checkShape(node, shape, '', faults)
  expect(faults.all().map((fault) => fault.message)).toContain(message)
})
