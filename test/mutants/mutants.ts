import { isTest, readTree, type Source } from '../house/source-tree.ts'
import { coveredIn } from './covered.ts'
import { type Kind, type Mutation, mutationsOf } from './mutations.ts'
import type { Numbered } from './instrument.ts'

/** One mutation of one file of the product, with the number by which it is switched on. */
export interface Mutant extends Numbered {
  readonly file: string
  readonly line: number
  readonly kind: Kind
  /** What is taken out, on one line. */
  readonly code: string
}

/** What a choice of files holds. */
export interface Chosen {
  readonly mutants: readonly Mutant[]
  readonly texts: ReadonlyMap<string, string>
  /** How many places are left out, since entries of `test/guards` take them out. */
  readonly covered: number
}

/**
 * All mutants of the product's files whose path, with or without `packages` and `src`, begins with one of `words`. What
 * attacks the product is none of it. Only of these `kinds`, where there are some; with `every`, each so many'th.
 */
export function chooseMutants(
  root: string,
  { words, kinds, every }: { words: readonly string[]; kinds: readonly string[]; every: number },
): Chosen {
  const sources = readTree(root).files.filter(({ path }) => isProduct(path) && isAsked(path, words))
  const all = sources.flatMap((source) => {
    const covered = coveredIn(source)
    return mutationsOf(source)
      .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
      .map((mutation) => ({ source, mutation, covered: covered(mutation) }))
  })
  const open = all.filter(({ covered }) => !covered).filter((_, index) => index % every === 0)
  return {
    mutants: open.map(({ source, mutation }, index) => ({
      ...mutation,
      id: index + 1,
      file: source.path,
      line: lineOf(source, mutation.start),
      code: codeOf(source, mutation),
    })),
    texts: new Map(sources.map(({ path, text }) => [path, text])),
    covered: all.filter(({ covered }) => covered).length,
  }
}

function isProduct(path: string): boolean {
  return path.startsWith('packages/') && !isTest(path) && !path.startsWith('packages/cli/src/attacks/')
}

function isAsked(path: string, words: readonly string[]): boolean {
  const short = path.replace('packages/', '').replace('/src/', '/')
  return words.length === 0 || words.some((word) => path.startsWith(word) || short.startsWith(word))
}

/** What a mutation takes out, on one line. */
export function codeOf({ text }: Source, { start, end }: Pick<Mutation, 'start' | 'end'>): string {
  return text.slice(start, end).replaceAll(/\s+/g, ' ')
}

function lineOf({ text }: Source, start: number): number {
  return text.slice(0, start).split('\n').length
}
