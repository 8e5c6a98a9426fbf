/** One guard of the product, how to take it out, and who must notice. */
export interface Guard {
  /** What it keeps from happening. */
  readonly name: string
  /** The attack of `sallyport attack`, or the test case where no such attack fits, that succeeds once it is gone. */
  readonly attack: string
  readonly file: string
  /** The guard as it stands in the file, exactly once. */
  readonly code: string
  /** What stands there once it is gone. */
  readonly without: string
  /** Test files of which at least one case must then fail. */
  readonly noticedBy: readonly string[]
  /** Only cases whose full name holds this text are run, so that one guard takes a moment and not a minute. */
  readonly testName?: string
}
