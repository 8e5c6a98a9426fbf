/** Every way in which the command ends, and what a script may conclude from it. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Done; or the answer is yes: allowed, every expectation held, every attack was stopped.' },
  refused: {
    code: 1,
    meaning: 'The answer is no: denied, an expectation failed, an attack got through, the call failed.',
  },
  usage: { code: 2, meaning: 'The command line, the manifest or an input file is not right; nothing was changed.' },
  broadened: { code: 3, meaning: 'The change would give somebody access that they did not have before.' },
  unreachable: { code: 4, meaning: 'No server runs for this app, or it does not answer.' },
  missing: { code: 5, meaning: 'This machine lacks a part that boxes need; `sallyport doctor` names it.' },
  undecided: { code: 6, meaning: 'Neither yes nor no could be shown; the answer says what stands in the way.' },
  internal: { code: 70, meaning: 'The command itself failed; nothing can be concluded.' },
} as const

/** A way to end, by name. */
export type Exit = keyof typeof exitCodes
