import { type Guard, type GuardRow, guardsIn } from './guard.ts'

const folder = 'server/src/operation/state-folder'

const rows: readonly GuardRow[] = [
  [
    'a private file is whole whenever its server is killed',
    `${folder}.ts`,
    'const next = `${path}.next`',
    'const next = path',
    folder,
    'the old one or the new one at every moment',
  ],
  [
    'what is no object is no file of ours',
    `${folder}.ts`,
    "if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value",
    'if (value !== undefined) return value as object',
    folder,
    'is told as damaged, unquoted',
  ],
  [
    'what cannot be read of a file of ours is not quoted',
    `${folder}.ts`,
    "return undefined // the parser's own message quotes what it read",
    'return JSON.parse(text)',
    folder,
    'is told as damaged, unquoted',
  ],
  [
    'a reason can be read',
    'server/src/api/bodies.ts',
    "return unseen.test(kept) ? '' : kept",
    'return kept',
    'server/src/api/bodies',
    'nobody could read',
  ],
]

/** Files of the state folder that the server writes and reads again, and what people write into its records. */
export const ownFileGuards: readonly Guard[] = guardsIn(rows)
