import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { join } from './relay.ts'

for (const [index, which] of ['first', 'second', 'last'].entries()) {
  test(`streams in a row break where the ${which} is gone before they are joined`, async () => {
    const row = (): readonly [PassThrough, ...PassThrough[]] => [
      new PassThrough(),
      new PassThrough(),
      new PassThrough(),
    ]
    const [whole, broken] = [row(), row()]
    broken[index]?.destroy()
    await new Promise((resolve) => setImmediate(resolve)) // whoever listens for its end only now hears nothing
    join(...whole)
    join(...broken)
    await new Promise((resolve) => setImmediate(resolve))
    expect(
      whole.map(({ destroyed }) => destroyed),
      'control',
    ).toEqual([false, false, false])
    expect(broken.map(({ destroyed }) => destroyed)).toEqual([true, true, true])
  })
}
