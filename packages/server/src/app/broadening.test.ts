import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { agreeToBroadening, type Terminal } from './broadening.ts'

const more = { lines: ['+ everybody may now call GET /day'], broadens: true }
const refused = expect.objectContaining({ code: 'manifest.broadens' })

function terminal(): Terminal & { input: PassThrough; said: () => string; abort: () => void } {
  const [input, output, stop] = [new PassThrough(), new PassThrough(), new AbortController()]
  let said = ''
  output.on('data', (text: Buffer) => void (said += text.toString()))
  return { input, output, stop: stop.signal, said: () => said, abort: () => stop.abort() }
}

test('what grants no more needs nobody', async () => {
  await agreeToBroadening({ ...more, broadens: false }, 'refuse', terminal(), 'again')
})

test('what grants more is refused where nobody can be asked, with the difference in the error', async () => {
  await expect(agreeToBroadening(more, 'refuse', terminal(), 'again')).rejects.toThrow(refused)
  await expect(agreeToBroadening(more, 'refuse', terminal(), 'again')).rejects.toThrow(
    /everybody may now call GET \/day/,
  )
  await agreeToBroadening(more, 'allow', terminal(), 'again')
})

test.each([
  ['y', true],
  ['yes', true],
  ['', false],
  ['n', false],
  ['yesterday', false],
])('the answer %j counts as %s', async (answer, agreed) => {
  const at = terminal()
  const asked = agreeToBroadening(more, 'ask', at, 'again')
  at.input.write(`${answer}\n`)
  await (agreed ? asked : expect(asked).rejects.toThrow(refused))
  expect(at.said()).toContain('everybody may now call GET /day')
})

test('an input that ends is a no', async () => {
  const at = terminal()
  const asked = agreeToBroadening(more, 'ask', at, 'again')
  at.input.end()
  await expect(asked).rejects.toThrow(refused)
})

test('a server that is to stop waits for no answer', async () => {
  const at = terminal()
  const asked = agreeToBroadening(more, 'ask', at, 'again')
  at.abort()
  await expect(asked).rejects.toThrow(refused)
})
