/**
 * `find`, which is asked again only for what it has not been asked lately. Adversary: a box that asks for one thing
 * after another: beyond so many of them all are forgotten.
 */
export function remembered<T>(find: (key: string) => T, most: number): (key: string) => T {
  const known = new Map<string, { readonly found: T }>()
  return (key) => {
    const one = known.get(key)
    if (one !== undefined) return one.found
    const found = find(key)
    if (known.size >= most) known.clear()
    known.set(key, { found })
    return found
  }
}
