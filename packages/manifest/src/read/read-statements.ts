import type { App, Expectation, Invariant } from '../app.ts'
import { describeObject, describeSubject } from '../ask/describe-ask.ts'
import type { Faults } from '../source/faults.ts'
import { child, entriesOf, textOf, textsOf, type Node } from '../source/node.ts'

/** `only:` */
export function readInvariants(items: readonly Node[]): readonly Invariant[] {
  return items.flatMap((item) => {
    const text = textOf(item) ?? ''
    const halves = splitArrow(text)
    return halves === undefined ? [] : [{ text, subjects: halves.left.split(',').map((one) => one.trim()), object: halves.right, at: item.at }]
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
  for (const { subjects, object, at } of app.only) {
    for (const text of subjects) {
      const subject = describeSubject(app, text)
      if (subject.kind === 'unknown') faults.add('manifest.unresolved_name', at, subject.message, subject.suggestion)
      else if (text.includes('+') || text.includes('@')) {
        faults.add('manifest.unsupported', at, `only: "${text}" must be a plain name; invariants hold at every factor and place.`)
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
