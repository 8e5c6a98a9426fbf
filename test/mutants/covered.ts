import { placesOf } from '../guards/guard.ts'
import { guards } from '../guards/guards.ts'
import type { Source } from '../house/source-tree.ts'
import type { Mutation } from './mutations.ts'

/** Whether an entry of `test/guards` takes out the same place, or a part of it, so that a case is known to notice. */
export function coveredIn({ path, text }: Source): (mutation: Mutation) => boolean {
  const places = guards
    .flatMap(placesOf)
    .filter(({ file }) => file === path)
    .map(({ code }) => ({ start: text.indexOf(code), end: text.indexOf(code) + code.length }))
  return ({ kind, start, end }) =>
    places.some(
      (place) =>
        (place.start >= start && place.end <= end) ||
        (kind !== 'operand' && kind !== 'bound' && start >= place.start && end <= place.end),
    )
}
