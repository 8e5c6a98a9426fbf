import { Ajv2020 } from 'ajv/dist/2020.js'
import type { CodeOptions } from 'ajv/dist/core.js'

import type { Reason } from '@sallyport/core/access'
import { duplicateMember, isModest } from '@sallyport/core/json'
import { compilePattern, type PatternBudget } from '@sallyport/manifest'

import { gatewayReason } from './request.ts'

/** Judges a body; undefined means it fits. */
export type BodyCheck = (body: Uint8Array, contentType: string | undefined) => Reason | undefined

/** To read more takes too long for the thread that serves everybody, as nesting beyond any use does. */
const maxValues = 300_000
/** Work of all patterns on one body: some 50 ms of the thread that serves everybody. */
const maxSteps = 1_000_000

class TooSlow extends Error {}

/**
 * Compiles a route's JSON Schema (draft 2020-12). The check reads the same bytes that the function will get.
 * Only the place of a mismatch is told, never the value: it may be a card number. Adversary: who sends the text that a
 * pattern, or the members that `uniqueItems`, would take minutes to judge.
 */
export function compileBodyCheck(schema: unknown): BodyCheck {
  const budget = { steps: maxSteps }
  const ajv = new Ajv2020({ allErrors: false, strict: false, code: { regExp: patternsWithin(budget) } })
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    compile: (isDemanded: boolean) => (items: readonly unknown[]) => !isDemanded || areUnique(items),
    error: { message: 'must NOT have duplicate items' },
  })
  const validate = ajv.compile(schema as object) // the manifest has parsed it as a schema already
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return (body, contentType) => {
    if (!/^application\/(?:[a-z0-9.+-]+\+)?json(?:\s*;\s*charset=utf-8)?$/i.test(contentType ?? '')) {
      return gatewayReason('request.content_type', 'The body must be application/json in UTF-8.')
    }
    let value: unknown
    try {
      const text = decoder.decode(body)
      if (!isModest(text, maxValues))
        return gatewayReason('request.json', `The body holds more than ${maxValues} values, or nests too deep.`)
      value = JSON.parse(text)
      if (duplicateMember(text) !== undefined) return gatewayReason('request.json', 'A member of the body is repeated.')
    } catch {
      return gatewayReason('request.json', 'The body is not JSON in UTF-8.')
    }
    budget.steps = maxSteps
    try {
      if (validate(value)) return undefined
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error
      return gatewayReason('request.schema', 'The body does not fit: a text is too long for the pattern it is held to.')
    }
    const [first] = validate.errors ?? []
    return gatewayReason(
      'request.schema',
      `The body does not fit: ${first?.instancePath || '/'} ${first?.message ?? ''}.`,
    )
  }
}

type RegExpEngine = NonNullable<CodeOptions['regExp']>

/** The validator's regular expressions, in time that is bounded (decision 0038). */
function patternsWithin(budget: PatternBudget): RegExpEngine {
  const engine = (source: string): ReturnType<RegExpEngine> & { readonly toString: () => string } => {
    const compiled = compilePattern(source)
    if (compiled.kind === 'refused') throw new TypeError(`a pattern that the manifest had taken ${compiled.why}`)
    return {
      test: (text) => {
        const isFound = compiled.test(text, budget)
        if (isFound === undefined) throw new TooSlow()
        return isFound
      },
      // The validator takes two patterns of one name for the same.
      toString: () => source,
    }
  }
  return Object.assign(engine, { code: 'new RegExp' })
}

/** The validator compares each item with each other one, which takes hours where there are many. */
function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set<string>()
  for (const item of items) seen.add(canonical(item))
  return seen.size === items.length
}

/** One text for each value: members in one order. Numbers are texts of their own already, once they are parsed. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`
}
