import type { Attempt, Control } from './attack.ts'
import type { ClientAnswer } from './world/client.ts'
import type { Outcome } from './hostile-app/src/instruction.ts'

/** True when the gateway let it through to a function, whatever the function then answered. */
export function wasLetThrough(answer: ClientAnswer): boolean {
  return answer.headers['x-sallyport-id'] !== undefined
}

/** A request from outside as an attempt: stopped unless a function heard of it. */
export function attemptOf(answer: ClientAnswer): Attempt {
  const code = answer.code ?? `HTTP ${answer.status}`
  return { stopped: !wasLetThrough(answer) && answer.status !== 200, code, evidence: evidenceOf(answer) }
}

/** Several answers to one attack: stopped only when every one of them was. The first that was not decides. */
export function attemptOfAll(answers: readonly ClientAnswer[]): Attempt {
  const attempts = answers.map(attemptOf)
  const open = attempts.find(({ stopped }) => !stopped)
  const [first] = attempts
  if (first === undefined) return { stopped: false, code: 'none', evidence: 'there was no answer at all' }
  if (open !== undefined) return open
  return { ...first, evidence: attempts.map(({ code }) => code).join(', ') }
}

/** A request from outside as a control: it must reach a function, and the function must answer. */
export function controlOf(answer: ClientAnswer): Control {
  return { succeeded: wasLetThrough(answer) && answer.status < 500, evidence: evidenceOf(answer) }
}

/** What hostile code met inside, as an attempt. */
export function attemptInside({ got, code, evidence }: Outcome): Attempt {
  return { stopped: !got, code, evidence }
}

/** What the same code met, as a control. */
export function controlInside({ got, code, evidence }: Outcome): Control {
  return { succeeded: got, evidence: `${code} ${evidence}`.trim().slice(0, 120) }
}

function evidenceOf({ status, code, id }: ClientAnswer): string {
  return [`HTTP ${status}`, code, id].filter((part) => part !== undefined).join(' ')
}
