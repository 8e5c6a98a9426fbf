import type { Step } from './steps.ts'

/** A pattern of actions or resources. */
export interface TextPattern {
  /** By which it is asked for again. */
  readonly name: string
  readonly steps: readonly Step[]
  readonly matches: (text: string) => boolean
}

/** The classes that patterns make of all texts. */
export interface TextClasses {
  readonly patterns: readonly TextPattern[]
  /** One text of each class. */
  readonly texts: readonly string[]
  /** Pattern name → the classes that it matches. */
  readonly matched: ReadonlyMap<string, readonly number[]>
  /** Texts that are alone in their class. */
  readonly literal: ReadonlySet<string>
}
