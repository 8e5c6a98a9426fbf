import { expect, test } from 'vitest'

import type { SealedStore } from '../ports.ts'

/** What every sealed store must do. Call it inside a `describe`; `makeStore` gives an empty one each time. */
export function sealedStoreContract(makeStore: (nowSeconds: () => number) => SealedStore): void {
  test('reads back what was put, until it is deleted', () => {
    const store = makeStore(() => 0)
    expect(store.get('a', '1')).toBeUndefined()
    store.put('a', '1', 'one')
    store.put('a', '2', '')
    expect(store.get('a', '1')).toBe('one')
    expect(store.get('a', '2')).toBe('')
    store.put('a', '1', 'two')
    expect(store.get('a', '1')).toBe('two')
    store.delete('a', '1')
    store.delete('a', 'absent')
    expect(store.get('a', '1')).toBeUndefined()
  })

  test('keeps kinds apart, whatever the names', () => {
    const store = makeStore(() => 0)
    store.put('a', 'b/c', '1')
    store.put('a/b', 'c', '2')
    store.put('__proto__', 'constructor', '3')
    expect(store.get('a', 'b/c')).toBe('1')
    expect(store.get('a/b', 'c')).toBe('2')
    expect(store.get('__proto__', 'constructor')).toBe('3')
    expect(store.get('constructor', '__proto__')).toBeUndefined()
    expect(store.ids('a')).toEqual(['b/c'])
    expect(store.ids('absent')).toEqual([])
  })

  test('forgets what has expired, to the second', () => {
    let now = 100
    const store = makeStore(() => now)
    store.put('a', '1', 'x', 110)
    store.put('a', '2', 'x')
    now = 109
    expect(store.get('a', '1')).toBe('x')
    now = 110
    expect(store.get('a', '1')).toBeUndefined()
    expect(store.ids('a')).toEqual(['2'])
    store.put('a', '1', 'y', 120)
    expect(store.get('a', '1')).toBe('y')
  })
}
