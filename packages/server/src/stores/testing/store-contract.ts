import { expect, test } from 'vitest'

import type { Store } from '../store.ts'

/** What every store must do. Call it inside a `describe`; `makeStore` gives an empty one each time. */
export function storeContract(makeStore: (nowSeconds: () => number) => Store): void {
  test('reads back what was put, until it is deleted', () => {
    const store = makeStore(() => 0)
    expect(store.get('code', 'a')).toBeUndefined()
    store.put('code', 'a', 'one')
    store.put('code', 'b', '')
    expect([store.get('code', 'a'), store.get('code', 'b')]).toEqual(['one', ''])
    store.put('code', 'a', 'é😀\u0000')
    expect(store.get('code', 'a')).toBe('é😀\u0000')
    store.delete('code', 'a')
    store.delete('code', 'never there')
    expect(store.get('code', 'a')).toBeUndefined()
    store.close()
  })

  test('keeps kinds and ids apart, however they are spelled', () => {
    const store = makeStore(() => 0)
    const odd = [
      ['__proto__', 'constructor'],
      ["'; --", '%'],
      ['', ''],
    ] as const
    const places = [['a', 'b/c'], ['a/b', 'c'], ['A', 'b/c'], ...odd] as const
    for (const [kind, id] of places) store.put(kind, id, `${kind}|${id}`)
    for (const [kind, id] of places) expect(store.get(kind, id)).toBe(`${kind}|${id}`)
    expect(store.get('constructor', '__proto__')).toBeUndefined()
    expect(store.ids('a')).toEqual(['b/c'])
    expect(store.ids('b')).toEqual([])
    store.close()
  })

  test('forgets what has expired, to the second, and lets it be put again', () => {
    let now = 100
    const store = makeStore(() => now)
    store.put('code', 'a', 'x', 110)
    store.put('code', 'b', 'x')
    now = 109
    expect(store.get('code', 'a')).toBe('x')
    now = 110
    expect(store.get('code', 'a')).toBeUndefined()
    expect(store.ids('code')).toEqual(['b'])
    store.put('code', 'a', 'y', 120)
    expect(store.get('code', 'a')).toBe('y')
    store.put('code', 'a', 'z')
    now = 1000
    expect(store.get('code', 'a')).toBe('z')
    store.close()
  })
}
