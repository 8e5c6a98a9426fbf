import { helpColumns, wrapped } from './wrap-help.ts'

/** A verb as a list of them shows it. */
interface Verb {
  readonly brief: string
}

/** Every verb in one line, by what somebody comes for. What a verb takes is its own help's to say. */
export function overview(groups: Readonly<Record<string, Readonly<Record<string, Verb>>>>): string {
  const width = Math.max(...Object.values(groups).flatMap((verbs) => Object.keys(verbs).map(({ length }) => length)))
  const lines = Object.entries(groups).flatMap(([title, verbs]) => [
    title,
    ...Object.entries(verbs).flatMap(([name, { brief }]) => {
      const left = `  ${name.padEnd(width)}  `
      return wrapped(left + brief, ' '.repeat(left.length), helpColumns)
    }),
    '',
  ])
  return [
    'Sallyport: zero trust for serverless functions',
    '',
    '  sallyport VERB [ARGUMENTS]',
    '  sallyport VERB --help   what the verb takes, and more about it',
    '  sallyport --version',
    '',
    ...lines,
    'Every verb takes --json. A new app begins with: sallyport init my-app',
    '',
  ].join('\n')
}
