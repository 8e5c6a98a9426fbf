import { tokenRefusalMessages } from '@sallyport/core/identity'
import { faultCodes } from '@sallyport/manifest'

import { houseRoot, readTree } from '../../test/house/source-tree.ts'
import { type Entry, errorCodes } from '../error-codes.ts'
import { findCodes } from './find-codes.ts'

const perFamily = (codes: Readonly<Record<string, string>>, remedy: string): Record<string, Entry> =>
  Object.fromEntries(Object.entries(codes).map(([code, meaning]) => [code, [meaning, remedy]]))

/** Every code with its entry: our own table, and those that two rooms keep beside their code. */
export const allCodes: Readonly<Record<string, Entry>> = {
  ...perFamily(faultCodes, 'Mend the line named; `sallyport test` checks again.'),
  ...perFamily(tokenRefusalMessages, 'Sign in again and present the new token.'),
  ...errorCodes,
}

/** What the table lacks, and what it has too much, against the codes that stand in the source. */
export function codesAmiss(found: Iterable<string>, known: Iterable<string>): readonly string[] {
  const [inSource, inTable] = [new Set(found), new Set(known)]
  return [
    ...[...inSource]
      .filter((code) => !inTable.has(code))
      .map((code) => `${code} is used and not in scripts/error-codes.ts`),
    ...[...inTable]
      .filter((code) => !inSource.has(code))
      .map((code) => `${code} is in scripts/error-codes.ts and not used`),
  ]
}

/** docs/errors.md: every code, what it means, what to do. Throws when the table and the source disagree. */
export function errorsDocument(): string {
  const amiss = codesAmiss(findCodes(readTree(houseRoot)).keys(), Object.keys(allCodes))
  if (amiss.length > 0) throw new Error(`docs/errors.md cannot be made:\n${amiss.join('\n')}`)
  const families = Map.groupBy(
    Object.entries(allCodes).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ([code]) => code.slice(0, code.indexOf('.')),
  )
  return [
    '# Codes\n',
    "Made from `scripts/error-codes.ts` and the rooms' own tables by `node -C source scripts/docs.ts`; do not edit.\n",
    'A refusal shows `{ code, reason, id }`; `sallyport why ID` tells the rest. Codes are stable, texts are not.\n',
    ...[...families].flatMap(([family, entries]) => [
      `## ${family}\n`,
      '| Code | What it means | What to do |',
      '|---|---|---|',
      ...entries.map(([code, [meaning, remedy]]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |`),
      '',
    ]),
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
