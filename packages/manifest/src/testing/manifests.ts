import fc from 'fast-check'

/** A manifest as data; JSON is YAML, so its text is what `sallyport.yaml` may hold. */
export interface GeneratedManifest {
  readonly text: string
  readonly files: Readonly<Record<string, string>>
}

const functions = ['alpha', 'beta', 'gamma', 'delta']
const zones = ['outer', 'middle', 'inner']
const offered = ['read', 'write']
const roles = ['clerk', 'boss']
const verbs = ['get', 'put', 'update', 'query', 'delete'] as const

const some = <Value>(...values: readonly Value[]): fc.Arbitrary<Value[]> => fc.subarray([...values])
const grantOf = fc.oneof(
  fc.constant('any'),
  some(...roles).map((list) => (list.length === 0 ? 'any' : { for: list })),
)
const rowsOf = fc.oneof(
  fc.constantFrom('own', 'any'),
  some(...roles).map((except) => (except.length === 0 ? 'own' : { rows: 'own', except })),
)

const fields = fc.record({
  zone: fc.constantFrom(...zones),
  offers: some(...offered),
  route: fc.constantFrom<readonly string[] | undefined>(undefined, undefined, ['clerk'], ['anyone']),
  calls: fc.dictionary(fc.constantFrom(...functions), fc.dictionary(fc.constantFrom(...offered), grantOf)),
  rows: fc.dictionary(fc.constantFrom(...verbs), rowsOf),
  attached: fc.boolean(),
})

/**
 * Manifests of four functions in three zones, with grants at random: also over edges that a zone does not open and of
 * operations that nobody offers, which must not load. Some functions have a document attached that allows them every
 * operation of every function and every row.
 */
export const manifests: fc.Arbitrary<GeneratedManifest> = fc
  .record({
    from: fc.tuple(...zones.map(() => some('internet', ...zones))),
    boss: fc.constantFrom({}, { mfa: true }, { includes: ['clerk'] }),
    each: fc.tuple(...functions.map(() => fields)),
    // Now and then one writes what does not load; mostly, what does.
    faithful: fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
  })
  .map(({ from, boss, each, faithful }) => {
    const zoneFrom = new Map(zones.map((name, index) => [name, from[index] ?? []]))
    const opens = (to: string, caller: string): boolean => zoneFrom.get(to)?.includes(caller) === true
    const declared = new Map(functions.map((name, index) => [name, each[index]]))
    const written = functions.map((name, index) => {
      const one = each[index]
      if (one === undefined) throw new TypeError('there is one for each')
      const calls = Object.entries(one.calls).flatMap(([target, operations]) => {
        const callee = declared.get(target)
        const kept = Object.entries(operations).filter(
          ([operation]) => !faithful || (callee?.offers.includes(operation) === true && opens(callee.zone, one.zone)),
        )
        return kept.length === 0 ? [] : [[target, Object.fromEntries(kept)] as const]
      })
      const routed = one.route !== undefined && (!faithful || opens(one.zone, 'internet'))
      return [
        name,
        {
          zone: one.zone,
          code: 'code.ts',
          offers: one.offers,
          ...(routed ? { routes: { [`GET /${name}`]: { who: one.route } } } : {}),
          can: {
            ...Object.fromEntries(calls),
            ...(Object.keys(one.rows).length === 0 ? {} : { ledger: one.rows }),
          },
          ...(one.attached ? { policies: ['policies/everything.json'] } : {}),
        },
      ] as const
    })
    const manifest = {
      app: 'made',
      people: { clerk: {}, boss },
      zones: Object.fromEntries(zones.map((name) => [name, { from: zoneFrom.get(name) }])),
      tables: { ledger: { dynamodb: 'Ledger', key: 'owner' } },
      functions: Object.fromEntries(written),
    }
    const everything = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sallyport:InvokeFunction',
        Resource: zones.flatMap((zone) =>
          functions.flatMap((name) =>
            offered.map((operation) => `arn:sallyport:function:made:${zone}:${name}/${operation}`),
          ),
        ),
      },
    }
    return {
      text: JSON.stringify(manifest),
      files: { 'code.ts': '', 'policies/everything.json': JSON.stringify(everything) },
    }
  })
