import { compileLayer, type LayerSet } from '../decide/policy-set.ts'
import type { Statement } from '../document.ts'
import { validateDocument } from '../read/parse-policy.ts'
import { allow, deny, type Golden, holds, refuted, when } from './claims.ts'
import { variableCases } from './containment-variables.ts'

/** One layer of these statements; throws where they are not valid. */
export function documents(
  statements: readonly Statement[],
  version: '2012-10-17' | '2008-10-17' = '2012-10-17',
): LayerSet {
  const read = validateDocument({ Version: version, Statement: statements }, 'identity', 'p')
  if (!read.ok) throw new Error(read.faults.map(({ message }) => message).join('; '))
  return compileLayer('identity', [{ name: 'p', document: read.document }])
}

/** One case for each operator and element, by name. */
export const cases: readonly Golden[] = [
  holds('actions ignore case', allow('S3:gETobject', '*'), allow('s3:GetObject', '*')),
  holds('a prefix lies within a shorter one', allow('s3:GetObject*', '*'), allow('s3:Get*', '*')),
  refuted('and not the other way round', allow('s3:Get*', '*'), allow('s3:GetObject*', '*')),
  holds('every action has a colon', allow('*', '*'), allow('*:*', '*')),
  holds('stars inside', allow('s3:*', 'arn:aws:s3:::*a*b'), allow('s3:*', 'arn:aws:s3:::*b')),
  refuted('stars inside, reversed', allow('s3:*', 'arn:aws:s3:::*b'), allow('s3:*', 'arn:aws:s3:::*a*b')),
  holds('a question mark is one character', allow('s3:Get?', '*'), allow('s3:Get*', '*')),
  refuted('no two characters', allow('s3:Get*', '*'), allow('s3:*', 'arn:aws:s3:::?')),
  refuted(
    'a star in a part of an ARN ends at its colon',
    allow('s3:*', 'arn:aws:s3:::b:c'),
    allow('s3:*', 'arn:aws:s*3:::b:d'),
  ),
  holds('resources tell case apart', [allow('s3:*', 'arn:aws:s3:::B')], [allow('s3:*', 'arn:aws:s3:::?')]),
  refuted('and so B is not b', allow('s3:*', 'arn:aws:s3:::B'), allow('s3:*', 'arn:aws:s3:::b')),
  holds('two halves make the whole', when({ Bool: { 'k:a': 'true' } }), [
    when({ Bool: { 'k:a': 'true' }, Null: { 'k:b': 'true' } }),
    when({ Bool: { 'k:a': 'true' }, Null: { 'k:b': 'false' } }),
  ]),
  holds('a Deny narrows', [allow('s3:*', '*'), deny('s3:Put*', '*')], {
    Effect: 'Allow',
    NotAction: 's3:Put*',
    Resource: '*',
  }),
  refuted('a Deny on the right', allow('s3:*', '*'), [
    allow('s3:*', '*'),
    deny('s3:*', '*', { Bool: { 'k:a': 'true' } }),
  ]),
  holds(
    'what is denied on both sides',
    [allow('s3:*', '*'), deny('s3:*', 'arn:aws:s3:::b/*')],
    [allow('s3:*', '*'), deny('s3:*', 'arn:aws:s3:::b/c/*')],
  ),
  holds('the complement of a complement', { Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::b/*' }, [
    allow('s3:*', '*'),
    deny('s3:*', 'arn:aws:s3:::b/*'),
  ]),
  holds(
    'a positive operator demands presence',
    when({ StringEquals: { 'k:a': 'x' } }),
    when({ Null: { 'k:a': 'false' } }),
  ),
  refuted('a negated one does not', when({ StringNotEquals: { 'k:a': 'x' } }), when({ Null: { 'k:a': 'false' } })),
  refuted('nor does IfExists', when({ StringEqualsIfExists: { 'k:a': 'x' } }), when({ StringEquals: { 'k:a': 'x' } })),
  holds('an empty text counts as absent', when({ StringEquals: { 'k:a': '' } }), when({ Null: { 'k:a': 'true' } })),
  holds(
    'several values are alternatives',
    when({ StringEquals: { 'k:a': 'x' } }),
    when({ StringEquals: { 'k:a': ['x', 'y'] } }),
  ),
  holds('key names ignore case', when({ StringEquals: { 'k:A': 'x' } }), when({ StringEquals: { 'K:a': 'x' } })),
  holds('folded letters', when({ StringEquals: { 'k:a': 'Key' } }), when({ StringEqualsIgnoreCase: { 'k:a': 'kEY' } })),
  refuted(
    'the Kelvin sign folds to k',
    when({ StringEqualsIgnoreCase: { 'k:a': 'k' } }),
    when({ StringEquals: { 'k:a': ['k', 'K'] } }),
  ),
  refuted('true is spelled in many ways', when({ Bool: { 'k:a': 'true' } }), when({ StringEquals: { 'k:a': 'true' } })),
  holds('a text that is true', when({ StringEquals: { 'k:a': 'TRUE' } }), when({ Bool: { 'k:a': 'true' } })),
  holds('numbers', when({ NumericLessThan: { 'k:a': 5 } }), when({ NumericLessThanEquals: { 'k:a': '5.0' } })),
  refuted('numbers, reversed', when({ NumericLessThanEquals: { 'k:a': 5 } }), when({ NumericLessThan: { 'k:a': 5 } })),
  holds(
    'nothing lies between',
    when({ NumericGreaterThan: { 'k:a': 5 }, NumericLessThan: { 'k:a': 5 } }),
    when({ Null: { 'k:a': 'true' } }),
  ),
  holds(
    'dates',
    when({ DateLessThan: { 'k:a': '2025-12-31T23:59:59Z' } }),
    when({ DateLessThan: { 'k:a': '2026-01-01' } }),
  ),
  refuted(
    'dates, reversed',
    when({ DateLessThan: { 'k:a': '2026-01-01' } }),
    when({ DateLessThan: { 'k:a': '2025-12-31' } }),
  ),
  holds(
    'a smaller network',
    when({ IpAddress: { 'k:a': '10.1.0.0/16' } }),
    when({ IpAddress: { 'k:a': '10.0.0.0/8' } }),
  ),
  refuted(
    'three quarters of a network',
    when({ IpAddress: { 'k:a': '10.0.0.0/8' } }),
    when({ IpAddress: { 'k:a': ['10.0.0.0/9', '10.128.0.0/10'] } }),
  ),
  holds(
    'four quarters of a network',
    when({ IpAddress: { 'k:a': '10.0.0.0/8' } }),
    when({ IpAddress: { 'k:a': ['10.0.0.0/9', '10.128.0.0/10', '10.192.0.0/10'] } }),
  ),
  holds(
    'mapped addresses',
    when({ IpAddress: { 'k:a': '::ffff:10.0.0.0/104' } }),
    when({ IpAddress: { 'k:a': '10.0.0.0/8' } }),
  ),
  refuted(
    'an address is of one family',
    when({ NotIpAddress: { 'k:a': '0.0.0.0/0' } }),
    when({ NotIpAddress: { 'k:a': '::/0' } }),
  ),
  holds('bytes', when({ BinaryEquals: { 'k:a': 'AQID' } }), when({ BinaryEquals: { 'k:a': ['AQID', 'AAAA'] } })),
  refuted(
    'other bytes',
    when({ BinaryEquals: { 'k:a': ['AQID', 'AAAA'] } }),
    when({ BinaryEquals: { 'k:a': 'AQID' } }),
  ),
  holds(
    'the parts of an ARN',
    when({ ArnLike: { 'k:a': 'arn:aws:s3:::b/*' } }),
    when({ ArnEquals: { 'k:a': 'arn:aws:s3:*:*:*' } }),
  ),
  refuted(
    'a star that a colon stops',
    when({ StringLike: { 'k:a': 'arn:*:s3:::b' } }),
    when({ ArnLike: { 'k:a': 'arn:*:s3:::b' } }),
  ),
  holds(
    'members of a list',
    when({ 'ForAllValues:StringEquals': { 'k:a': ['x', 'y'] } }),
    when({ 'ForAllValues:StringEquals': { 'k:a': ['x', 'y', 'z'] } }),
  ),
  refuted(
    'one member more',
    when({ 'ForAnyValue:StringEquals': { 'k:a': ['x', 'y'] } }),
    when({ 'ForAllValues:StringEquals': { 'k:a': ['x', 'y'] } }),
  ),
  refuted(
    'ForAllValues holds for an absent key',
    when({ 'ForAllValues:StringEquals': { 'k:a': ['x'] } }),
    when({ 'ForAnyValue:StringEquals': { 'k:a': ['x'] } }),
  ),
  holds(
    'and with presence demanded some member is there',
    when({ 'ForAllValues:StringEquals': { 'k:a': ['x', 'y'] }, Null: { 'k:a': 'false' } }),
    when({ 'ForAnyValue:StringEquals': { 'k:a': ['x', 'y'] } }),
  ),
  refuted('several values are unclear to a plain operator in a Deny', when(), [
    when(),
    deny('s3:*', '*', { StringEquals: { 'k:a': 'x' }, StringNotEquals: { 'k:a': 'x' } }),
  ]),
  refuted(
    'a text too long to be matched',
    when({ StringLike: { 'k:a': 'a*' } }),
    when({ StringLike: { 'k:a': ['a', 'a?*'] } }),
  ),
  refuted(
    'a number that is a date, of which the text is none',
    when({ StringEquals: { 'k:a': '2026' }, DateLessThan: { 'k:a': '3000-01-01' } }),
    when({ StringEquals: { 'k:a': 'x' } }),
  ),
  refuted(
    'a boolean of which the text is base64',
    when({ StringEquals: { 'k:a': 'true' } }),
    when({ StringEquals: { 'k:a': 'true' }, BinaryEquals: { 'k:a': 'true' } }),
  ),
  holds(
    'a list holds the text of a number, not the number',
    when({ 'ForAnyValue:StringEquals': { 'k:a': '2026' }, 'ForAnyValue:DateLessThan': { 'k:a': '3000-01-01' } }),
    when({ 'ForAnyValue:StringEquals': { 'k:a': ['2026', 'x'] } }),
  ),
  ...variableCases,
]
