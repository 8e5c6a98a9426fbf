/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  /** Of a control of boxes: how strongly it holds. */
  readonly strength?: 'hard' | 'cooperative' | 'absent'
  readonly detail: string
  /** One command that mends it, on one line, ready to paste. */
  readonly fix?: string
}

/** A finding whose command is told only where there is something to mend. */
export function finding(name: string, ok: boolean, detail: string, fix: string): Finding {
  return ok ? { name, ok, detail } : { name, ok, detail, fix }
}
