import { extname } from 'node:path'

/** Where a guard stands, and what stands there once it is gone. */
export interface Place {
  readonly file: string
  /** The guard as it stands in the file, exactly once. */
  readonly code: string
  readonly without: string
}

/**
 * One guard of the product, how to take it out, and who must notice. Where one check stands behind another, so that
 * taking out either lets nothing through, the two are one guard in several `places`, taken out together.
 */
export type Guard = (Place | { readonly places: readonly [Place, Place, ...Place[]] }) & {
  /** What it keeps from happening. */
  readonly name: string
  /** The attack of `sallyport attack`, or the test case where no such attack fits, that succeeds once it is gone. */
  readonly attack: string
  /** Test files of which at least one case must then fail. */
  readonly noticedBy: readonly string[]
  /** Where alone it stands: anywhere else it is not there to be taken out. */
  readonly needs?: 'root' | 'control groups' | 'no control groups'
  /** Only cases whose full name holds this text are run, so that one guard takes a moment and not a minute. */
  readonly testName?: string
}

/** Every place of a guard. */
export function placesOf(guard: Guard): readonly Place[] {
  return 'places' in guard ? guard.places : [guard]
}

/**
 * A guard in one place that one case notices: what it keeps out, its file below `packages/` (a `.ts` where no ending
 * is said), its code, what stands there without it, the test file below `packages/` without its ending, and the case
 * that fails.
 */
export type GuardRow = readonly [
  name: string,
  file: string,
  code: string,
  without: string,
  noticedBy: string,
  testName: string,
]

/** The guards of such rows. */
export function guardsIn(rows: readonly GuardRow[]): readonly Guard[] {
  return rows.map(([name, file, code, without, noticedBy, testName]) => ({
    name,
    attack: testName,
    file: `packages/${extname(file) === '' ? `${file}.ts` : file}`,
    code,
    without,
    noticedBy: [`packages/${noticedBy}.test.ts`],
    testName,
  }))
}
