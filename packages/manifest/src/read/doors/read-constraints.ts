import type { Constraints, FieldConstraint } from '../../door.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../../source/node.ts'
import { parseValueTemplate } from '../../match/constraint.ts'
import type { Reading } from '../reading.ts'

/** `query:` or `body:` of an operation; undefined where nothing is written. */
export function readConstraints(
  section: Node | undefined,
  open: boolean,
  path: string,
  reading: Reading,
): Constraints | undefined {
  if (section === undefined) return undefined
  return { open, fields: entriesOf(section).map((entry) => readField(entry, path, reading)) }
}

function readField({ key: name, keyAt, value }: Entry, path: string, { faults }: Reading): FieldConstraint {
  if (value.kind === 'list') return { name, optional: false, in: textsOf(value).map(({ text }) => text) }
  if (value.kind !== 'map') {
    const text = textOf(value) ?? ''
    return { name, optional: false, ...(text === 'any' ? {} : { in: [text] }) }
  }
  const like = textOf(child(value, 'like'))
  const [from, to, maxLength] = ['from', 'to', 'maxLength'].map((key) => {
    const bound = child(value, key)
    return bound?.kind === 'number' ? bound.value : undefined
  })
  const optional = child(value, 'optional')
  if (like !== undefined && parseValueTemplate(like) === undefined) {
    faults.add('manifest.wrong_type', keyAt, `${path}.${name}: "${like}" has an empty segment, or one name twice.`)
  }
  if (from !== undefined && to !== undefined && from > to) {
    faults.add(
      'manifest.wrong_type',
      keyAt,
      `${path}.${name}: nothing is from ${from} to ${to}.`,
      `from: ${to}, to: ${from}`,
    )
  }
  const list = child(value, 'in')
  return {
    name,
    optional: optional?.kind === 'flag' && optional.value,
    ...(list === undefined ? {} : { in: textsOf(list).map(({ text }) => text) }),
    ...(like === undefined ? {} : { like }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(maxLength === undefined ? {} : { maxLength }),
  }
}
