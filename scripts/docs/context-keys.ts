import { contextKeys } from '@sallyport/core/access'

import { keyEntries } from '../context-keys.ts'

/** docs/context-keys.md: every key that conditions and guests may ask for. */
export function contextKeysDocument(): string {
  const suffixed = new Set<string>([
    contextKeys.principalTag,
    contextKeys.guest,
    contextKeys.guestFault,
    contextKeys.guestDetail,
    contextKeys.guestLatencyMs,
  ])
  const rows = (Object.keys(keyEntries) as (keyof typeof contextKeys)[])
    .map((name) => ({ key: contextKeys[name], ...keyEntries[name] }))
    .toSorted((one, other) => (one.key < other.key ? -1 : 1))
    .map(({ key, type, source, age, doors }) => {
      const shown = suffixed.has(key) ? `${key}/NAME` : key
      return `| \`${shown}\` | ${type} | ${source} | ${age} | ${doors} |`
    })
  return [
    '# Context keys\n',
    'Made from `scripts/context-keys.ts` by `node -C source scripts/docs.ts`; do not edit.\n',
    'What a condition of a policy, or a guest, may ask for. A key whose source is not there is absent, never empty: a',
    'condition that demands it denies. An AWS call adds the keys of its service, such as `dynamodb:LeadingKeys`. `can`',
    'and `expect` suppose a request: they state who asks and what they proved, and no time, address or token.\n',
    '| Key | Type | Source | Age | Doors |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
