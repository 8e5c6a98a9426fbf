import { nearestWord } from '@sallyport/core/policy'

/** `did you mean "orders"?` for the nearest known name, or undefined when none is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const nearest = nearestWord(written, known)
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`
}
