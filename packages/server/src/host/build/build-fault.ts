/** One thing wrong with a function's code. */
export interface BuildFault {
  /** `build.outside_app`, `build.unresolved`, `build.failed`, `build.no_handler`, `build.too_large` */
  readonly code: string
  readonly message: string
  /** Relative to the app folder. */
  readonly file: string
  /** 1-based, both. */
  readonly line: number
  readonly column: number
}

/** A fault of a whole file. */
export function fault(code: string, message: string, file: string): BuildFault {
  return { code, message, file, line: 1, column: 1 }
}
