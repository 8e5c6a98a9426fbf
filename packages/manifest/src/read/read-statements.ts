import type { App, Expectation, Invariant } from '../app.ts'
import { describeObject, describeSubject } from '../ask/describe-ask.ts'
import type { Faults } from '../source/faults.ts'
import { didYouMean } from '../source/suggest.ts'
import { child, entriesOf, textOf, textsOf, type Node } from '../source/node.ts'

/** `only:` */
export function readInvariants(items: readonly Node[]): readonly Invariant[] {
  return items.flatMap((item) => {
    const text = textOf(item) ?? ''
    const halves = splitArrow(text)
    return halves === undefined
      ? []
      : [{ text, subjects: halves.left.split(',').map((one) => one.trim()), object: halves.right, at: item.at }]
  })
}

/** `expect:` */
export function readExpectations(section: Node | undefined): readonly Expectation[] {
  return entriesOf(section).flatMap(({ key, value }) => {
    if (key !== 'allow' && key !== 'deny') return []
    return textsOf(child(section, key) ?? value).flatMap(({ text, at }) => {
      const halves = splitArrow(text)
      return halves === undefined ? [] : [{ text, effect: key, subject: halves.left, object: halves.right, at }]
    })
  })
}

/** Reports every name in `only` and `expect` that stands for nothing: a statement about nobody always holds. */
export function checkStatements(app: App, faults: Faults): void {
  // Users are not among them: an invariant about a person would speak of the roles that they happen to hold.
  const known = [...app.people, ...app.functions, ...app.zones].map(({ name }) => name).concat('anyone', 'internet')
  for (const { subjects, object, at } of app.only) {
    for (const text of subjects) {
      if (text.includes('+') || text.includes('@')) {
        const why = 'must be a plain name; invariants hold at every factor and from every place'
        faults.add('manifest.unsupported', at, `only: "${text}" ${why}.`)
      } else if (!known.includes(text)) {
        const what = 'role, function or zone'
        faults.add('manifest.unresolved_name', at, `There is no ${what} "${text}".`, didYouMean(text, known))
      }
    }
    reportObject(app, object, at, faults, false)
  }
  for (const { subject: text, object, at } of app.expect) {
    const subject = describeSubject(app, text)
    if (subject.kind === 'unknown') faults.add('manifest.unresolved_name', at, subject.message, subject.suggestion)
    reportObject(app, object, at, faults, true)
  }
}

function reportObject(app: App, text: string, at: Expectation['at'], faults: Faults, unlistedDoors: boolean): void {
  const object = describeObject(app, text)
  if (object.kind === 'unknown') faults.add('manifest.unresolved_name', at, object.message, object.suggestion)
  // That a request to a host nobody wrote down is refused is worth saying; that an unknown route is, is a slip.
  if (object.kind === 'refused' && !(unlistedDoors && object.code.startsWith('door.'))) {
    faults.add('manifest.unresolved_name', at, object.message)
  }
}

function splitArrow(text: string): { readonly left: string; readonly right: string } | undefined {
  const at = text.indexOf(' -> ')
  return at === -1 ? undefined : { left: text.slice(0, at).trim(), right: text.slice(at + 4).trim() }
}
