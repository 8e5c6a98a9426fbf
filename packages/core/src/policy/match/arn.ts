import { type Codes, matchCodes, STAR } from './glob.ts'
import type { Piece } from './template.ts'

const COLON = 0x3a

/**
 * `ArnLike` and `ArnEquals`, which are one: the six parts are compared each by itself, so that a star never crosses
 * the colon between two parts; the sixth part has whatever colons are left. A lone `*` matches everything.
 */
export function matchArn(codes: Codes, text: string): boolean {
  // Also of several, between which a variable stands for an empty text.
  if (codes.length > 0 && codes.every((code) => code === STAR)) return true
  let codeStart = 0
  let textStart = 0
  for (let part = 0; part < 5; part += 1) {
    const codeEnd = codes.indexOf(COLON, codeStart)
    const textEnd = text.indexOf(':', textStart)
    if (codeEnd === -1 || textEnd === -1) return false
    if (!matchCodes(codes.slice(codeStart, codeEnd), text.slice(textStart, textEnd))) return false
    codeStart = codeEnd + 1
    textStart = textEnd + 1
  }
  return matchCodes(codes.slice(codeStart), text.slice(textStart))
}

/** Whether a condition's pattern can match any ARN. A variable may stand for parts that one cannot see yet. */
export function isArnPattern(pieces: readonly Piece[]): boolean {
  if (pieces.length === 1 && pieces[0]?.kind === 'star') return true
  if (pieces.some((piece) => piece.kind === 'variable')) return true
  const text = pieces.map((piece) => (piece.kind === 'text' ? piece.text : '*')).join('')
  return text.split(':').length >= 6 && (text.startsWith('arn:') || text.startsWith('*'))
}

/** What is wrong with a pattern of `Resource`; undefined when nothing is. */
export function resourceProblem(pattern: string, pieces: readonly Piece[]): string | undefined {
  if (pattern === '*') return undefined
  if (!pattern.startsWith('arn:')) return 'is neither an ARN nor "*"'
  for (let at = 0; at < pattern.length; at += 1) if (pattern.charCodeAt(at) < 0x20) return 'holds a control character'
  const parts = pattern.split(':')
  if (parts.length < 6 && !pattern.endsWith('*')) {
    return 'has fewer than the six parts arn:partition:service:region:account:resource'
  }
  if (parts.length >= 6 && parts.slice(5).join(':') === '') return 'names no resource in its sixth part'
  const [, partition = '', service = ''] = parts
  if (!/[*?]/.test(partition) && !/^(?:aws(?:-[a-z]+)*|sallyport)$/.test(partition)) {
    return `has an unknown partition "${partition}"`
  }
  if (parts.length > 3 && !/^[a-z0-9*?-]+$/.test(service)) return `has no valid service in its third part`
  const variable = pieces.find((piece) => piece.kind === 'variable')
  if (variable !== undefined && pattern.slice(0, variable.at).split(':').length < 6) {
    return 'has a variable before its fifth colon, where none is replaced'
  }
  return undefined
}

/** What is wrong with a pattern of `Action`; undefined when nothing is. */
export function actionProblem(pattern: string): string | undefined {
  if (pattern === '*' || pattern === '*:*') return undefined
  if (!pattern.includes(':')) return 'is not written service:Action'
  if (/^[^:]*[*?]/.test(pattern)) return 'has a wildcard in its service'
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9_.*?/-]+$/.test(pattern)) return 'has characters that no action has'
  return undefined
}

/** What is wrong with one principal; undefined when nothing is. Adversary: a wildcard that reads like a narrow name. */
export function principalProblem(type: string, value: string): string | undefined {
  if (value === '*') return undefined
  if (/[*?]/.test(value)) return 'has a wildcard; only "*" alone is one'
  if (type === 'AWS') {
    return /^\d{12}$/.test(value) || isArn(value) ? undefined : 'is neither an ARN nor an account of twelve digits'
  }
  if (type === 'Sallyport') return isArn(value) ? undefined : 'is not an ARN'
  return undefined
}

function isArn(text: string): boolean {
  return text.startsWith('arn:') && text.split(':').length >= 6 && !text.endsWith(':')
}
