import { nearestWord } from '@sallyport/core/policy'

/** `did you mean "orders"?` for the nearest known name, or undefined when none is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const nearest = nearestWord(written, known)
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`
}

/** What is written in other places for the same thing, and how it is written here. Each goes on from those before. */
const habits: readonly (readonly [written: RegExp, here: (text: string, ...parts: readonly string[]) => string])[] = [
  [/^[a-z]+(?= )/, (method) => method.toUpperCase()],
  [/^(?=\/)/, () => 'GET '],
  [/^([A-Z]+) {2,}/, (_, method = '') => `${method} `],
  [/^([A-Z]+) (?=[^/])/, (_, method = '') => `${method} /`],
  [/[{<]([A-Za-z]\w*)[+]?[}>]/g, (_, parameter = '') => `:${parameter}`],
  [/ ?=> ?/, () => ' -> '],
  [/^(\d+) ?(?:\/|per|a|an) ?([smhd])[a-z]*$/i, (_, calls = '', unit = '') => `${calls}/${unit}`],
  [/^(\d+) ?([smhd])[a-z]*$/i, (_, time = '', unit = '') => `${time}${unit}`],
  [/^\d+$/, (seconds) => `${seconds}s`],
  [/^[A-Z][A-Za-z0-9 _.-]*$/, (text) => text.toLowerCase()],
  [/[ _.]+(?=[a-z0-9])/g, () => '-'],
]

/** What somebody may have meant by a text that does not have the form wanted; undefined when no guess has it. */
export function inForm(written: string, form: RegExp): string | undefined {
  if (written.length > 200) return undefined
  const guesses = [written]
  for (const [habit, here] of habits) {
    for (const guess of guesses) {
      const next = guess.replace(habit, here)
      if (form.test(next)) return next
      if (next !== guess && guesses.length < 16) guesses.push(next)
    }
  }
  return undefined
}
