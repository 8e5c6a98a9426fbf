import { allow, deny, type Golden, holds, open, refuted, when } from './claims.ts'

const aboutSix = { NumericGreaterThan: { 'k:a': '5' }, NumericLessThan: { 'k:a': '7' } }

/** Cases of variables, and of values that are read in two ways. */
export const variableCases: readonly Golden[] = [
  refuted(
    'two texts that fold to one are not equal',
    when({ StringEqualsIgnoreCase: { 'k:a': '${k:b}' } }),
    when({ StringEquals: { 'k:a': '${k:b}' } }),
  ),
  holds(
    'but equal texts fold to one',
    when({ StringEquals: { 'k:a': '${k:b}' } }),
    when({ StringEqualsIgnoreCase: { 'k:a': '${k:b}' } }),
  ),
  refuted(
    'a text that folds to a variable is a literal of it, spelled otherwise',
    when({ StringEqualsIgnoreCase: { 'k:a': '${k:b}' }, StringEquals: { 'k:a': 'X' } }),
    when({ StringEquals: { 'k:b': 'X' } }),
  ),
  open(
    'a variable may hold the colons that part an ARN',
    when({ ArnLike: { 'k:a': 'arn:aws:${k:b}:x' }, StringLike: { 'k:a': '*x' } }),
    when({ StringLike: { 'k:a': '${k:b}*' } }),
  ),
  refuted(
    'one character is no variable',
    when({ ArnLike: { 'k:a': 'arn:aws:s3:${k:b}:x:${k:b}' }, StringLike: { 'k:b': '??' } }),
    when({ ArnLike: { 'k:a': 'arn:aws:s3:?:x:${k:b}' } }),
  ),
  refuted(
    'what is too long for a pattern is equal to a variable all the same',
    when({ StringEquals: { 'k:a': 'x/${k:b}' } }),
    when({ StringLike: { 'k:a': '*/${k:b}' } }),
  ),
  holds(
    'but for one that ends with its only star',
    when({ StringEquals: { 'k:a': 'x/${k:b}' }, ArnNotLike: { 'k:a': 'arn:aws:s3:::x' } }),
    when({ StringLike: { 'k:a': 'x/${k:b}*' } }),
  ),
  holds(
    'a variable is as long as what it is compared with',
    when({ StringEquals: { 'k:a': '${k:b}' }, StringLike: { 'k:a': '?*' } }),
    when({ StringLike: { 'k:a': '*${k:b}' } }),
  ),
  {
    ...holds(
      'a letter that folds to two',
      when({ StringEqualsIgnoreCase: { 'k:a': '${k:b}' }, StringEquals: { 'k:b': '\u0130' } }),
      when({ StringNotEquals: { 'k:a': '\u0130' } }),
    ),
    says: 'policy.proof_gap',
  },
  open(
    "and of which the second may be the variable's",
    when({ StringEqualsIgnoreCase: { 'k:a': 'i${k:b}' } }),
    when({ StringLike: { 'k:a': ['i*', 'I*'] } }),
  ),
  holds(
    'which no other letter does',
    when({ StringEqualsIgnoreCase: { 'k:a': 'i/${k:b}' } }),
    when({ StringLike: { 'k:a': ['i/*', 'I/*'] } }),
  ),
  holds(
    'a key is like itself as an ARN where it is one',
    when({ ArnLike: { 'k:a': '${k:a}' } }),
    when({ StringLike: { 'k:a': '*:*:*:*:*:*' } }),
  ),
  refuted(
    'but stars around nothing are like everything',
    when({ ArnLike: { 'k:a': '${k:a}*' } }),
    when({ StringLike: { 'k:a': '*:*:*:*:*:*' } }),
  ),
  refuted(
    'and where it is none is not',
    when({ StringEquals: { 'k:a': ['arn:aws:s3:::x', 'arn:aws:s3::'] } }),
    when({ ArnLike: { 'k:a': '${k:a}' } }, { Null: { 'k:b': 'true' } }),
  ),
  holds(
    'a key is equal to itself, where a variable can stand for it',
    when({ StringEquals: { 'k:b': '${k:a}' } }),
    when({ StringEquals: { 'k:a': '${k:a}' } }),
  ),
  holds(
    'and is never unequal to itself there',
    when({ StringNotEquals: { 'k:a': '${k:a}' }, StringLike: { 'k:b': '${k:a}*' } }),
    when({ StringEquals: { 'k:a': 'nobody' } }),
  ),
  holds(
    'a key has nothing before or after itself',
    when({ StringLike: { 'k:a': ['${k:a}?', 'x${k:a}*', '${k:a}${k:a}?'] } }),
    when({ StringEquals: { 'k:a': 'nobody' } }),
  ),
  refuted(
    'but for nothing twice',
    when({ StringLike: { 'k:a': '${k:a}${k:a}' } }),
    when({ StringEquals: { 'k:a': 'nobody' } }),
  ),
  refuted(
    'a key that is a list is not equal to itself',
    when({ Null: { 'k:a': 'false' } }),
    when({ StringEquals: { 'k:a': '${k:a}' } }),
  ),
  holds(
    'two variables, of which a wider pattern has one',
    when({ StringLike: { 'k:a': '${k:b}/${k:c}' } }),
    when({ StringLike: { 'k:a': '${k:b}/*' } }),
  ),
  refuted(
    'two variables change places',
    when({ StringLike: { 'k:a': '${k:b}/${k:c}' } }),
    when({ StringLike: { 'k:a': '${k:c}/*' } }),
  ),
  holds(
    'a variable with a default has the text that it has without',
    when({ StringLike: { 'k:a': '${k:b}/x' } }),
    when({ StringLike: { 'k:a': "${k:b, 'y'}/*" } }),
  ),
  refuted(
    'but not the other way round',
    when({ StringLike: { 'k:a': "${k:b, 'y'}/x" } }),
    when({ StringLike: { 'k:a': '${k:b}/*' } }),
  ),
  refuted('a list of one number, for which no variable stands', allow('s3:*', '*', aboutSix), [
    allow('s3:*', 'arn:aws:s3:::${k:a}', aboutSix),
    { Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::${k:a}', Condition: aboutSix },
  ]),
  refuted(
    'a text that is a number and no date',
    when(aboutSix),
    when({ DateGreaterThan: { 'k:a': '1970-01-01T00:00:00Z' } }),
  ),
  holds('the same variable', allow('s3:*', 'arn:aws:s3:::b/${k:a}/x/*'), allow('s3:*', 'arn:aws:s3:::b/${k:a}/*')),
  refuted(
    'the same variable, reversed',
    allow('s3:*', 'arn:aws:s3:::b/${k:a}/*'),
    allow('s3:*', 'arn:aws:s3:::b/${k:a}/x/*'),
  ),
  holds('a variable stands for something', allow('s3:*', 'arn:aws:s3:::b/${k:a}/*'), allow('s3:*', 'arn:aws:s3:::b/*')),
  holds(
    'a variable that is a literal',
    when({ StringEquals: { 'k:a': '${k:b}', 'k:b': 'al' } }),
    when({ StringEquals: { 'k:a': 'al' } }),
  ),
  refuted(
    'a variable that is free',
    when({ StringEquals: { 'k:a': '${k:b}' } }),
    when({ StringEquals: { 'k:a': 'al' } }),
  ),
  holds(
    'an absent variable matches nothing',
    when({ StringEquals: { 'k:a': 'x${k:b}' } }),
    when({ StringLike: { 'k:b': '*' } }),
  ),
  holds(
    'but for its default',
    when({ StringEquals: { 'k:a': "${k:b, 'al'}" }, StringNotLike: { 'k:b': '*' } }),
    when({ StringEquals: { 'k:a': 'al' } }),
  ),
  holds(
    'equal and unequal',
    [when({ StringEquals: { 'k:a': '${k:b}' } }), deny('s3:*', '*', { StringNotEquals: { 'k:a': '${k:b}' } })],
    when({ StringEquals: { 'k:a': '${k:b}' } }),
  ),
  refuted(
    "own rows are not another key's",
    when({ 'ForAllValues:StringEquals': { 'k:rows': '${k:user}' }, Null: { 'k:rows': 'false', 'k:user': 'false' } }),
    when({ 'ForAllValues:StringEquals': { 'k:rows': '${k:other}' }, Null: { 'k:rows': 'false' } }),
  ),
  holds(
    'two variables that are equal to a third',
    when({ StringEquals: { 'k:a': '${k:b}' }, StringLike: { 'k:b': '${k:c}' } }),
    when({ StringEquals: { 'k:a': '${k:c}' } }),
  ),
  holds(
    'two variables to which a third is equal',
    when({ StringEquals: { 'k:a': '${k:b}' }, StringLike: { 'k:a': '${k:c}' } }),
    when({ StringEqualsIfExists: { 'k:c': '${k:b}' } }),
  ),
  refuted(
    'two variables of which one is not equal to the third',
    when({ StringEquals: { 'k:a': '${k:b}' }, StringNotLike: { 'k:b': '${k:c}' }, Null: { 'k:c': 'false' } }),
    when({ StringEquals: { 'k:a': '${k:c}' } }),
  ),
  holds(
    'equality has no direction',
    when({ StringEquals: { 'k:a': '${k:b}', 'k:c': '${k:a}' } }),
    when({ StringEqualsIfExists: { 'k:b': '${k:a}' } }),
  ),
  refuted(
    'but a list of one, which is equal to a variable, stands for none itself',
    when({ StringEquals: { 'k:a': '${k:b}' } }),
    when({ StringEqualsIfExists: { 'k:b': '${k:a}' } }),
  ),
  holds(
    'where all members are the variable, some are',
    when({ 'ForAllValues:StringEquals': { 'k:rows': '${k:user}' }, Null: { 'k:rows': 'false' } }),
    when({ 'ForAnyValue:StringEquals': { 'k:rows': '${k:user}' } }),
  ),
  refuted(
    'where some members are the variable, not all need be',
    when({ 'ForAnyValue:StringEquals': { 'k:rows': '${k:user}' } }),
    when({ 'ForAllValues:StringEquals': { 'k:rows': '${k:user}' } }),
  ),
  holds(
    'members that are one variable are one of two',
    when({ 'ForAllValues:StringEquals': { 'k:rows': '${k:user}' } }),
    when({ 'ForAllValues:StringEquals': { 'k:rows': ['${k:user}', '${k:other}'] } }),
  ),
  holds(
    'where no member is the variable, all are others',
    [
      when({ Null: { 'k:rows': ['true', 'false'] } }),
      deny('s3:*', '*', { 'ForAnyValue:StringEquals': { 'k:rows': '${k:user}' } }),
    ],
    when({ 'ForAllValues:StringNotEquals': { 'k:rows': '${k:user}' } }),
  ),
  holds(
    'where not all members are the variable, some are others',
    [
      when({ Null: { 'k:rows': 'false' } }),
      deny('s3:*', '*', { 'ForAllValues:StringEqualsIgnoreCase': { 'k:rows': '${k:user}' } }),
    ],
    when({ 'ForAnyValue:StringNotEqualsIgnoreCase': { 'k:rows': '${k:user}' } }),
  ),
  refuted(
    'two patterns with one variable are two',
    [when({ StringLike: { 'k:a': 'x${k:b}*' } }), when({ StringLike: { 'k:a': 'y${k:b}*' } })],
    when({ StringLike: { 'k:a': 'x${k:b}*' } }),
  ),
  refuted(
    'a pattern beside one with a variable is one of its own',
    when({ StringLike: { 'k:a': ['x${k:b}*', 'y*'] } }),
    when({ StringLike: { 'k:a': 'x${k:b}*' } }),
  ),
  refuted(
    'a literal beside a pattern with a variable is one of its own',
    when({ StringEquals: { 'k:a': ['x${k:b}', 'y'] } }),
    when({ StringEquals: { 'k:a': 'x${k:b}' } }),
  ),
  refuted(
    'a pattern beside a variable of the same key',
    {
      Effect: 'Allow',
      Action: 's3:*',
      NotResource: 'arn:aws:s3:::${k:a}',
      Condition: { StringLike: { 'k:b': ['x${k:b}', 'x*'] } },
    },
    { Effect: 'Allow', Action: 's3:*', NotResource: '*', Condition: { StringEquals: { 'k:b': '${k:a}${k:b}' } } },
  ),
  holds(
    'a pattern with two variables, of which one is known',
    when({ StringEquals: { 'k:a': '${k:b}${k:c}', 'k:b': 'x' } }),
    when({ StringLike: { 'k:a': 'x*' } }),
  ),
  holds(
    'a pattern with two variables, of which both are known',
    when({ StringEquals: { 'k:a': '${k:b}/${k:c}', 'k:b': ['x', 'y'], 'k:c': 'z' } }),
    when({ StringEquals: { 'k:a': ['x/z', 'y/z'] } }),
  ),
  refuted(
    'and one of the ways is left out',
    when({ StringEquals: { 'k:a': '${k:b}/${k:c}', 'k:b': ['x', 'y'], 'k:c': 'z' } }),
    when({ StringEquals: { 'k:a': ['x/z'] } }),
  ),
  holds(
    'a pattern with two variables on a resource',
    allow('s3:*', 'arn:aws:s3:::${k:b}/${k:c}/*', { StringEquals: { 'k:b': 'x' } }),
    allow('s3:*', 'arn:aws:s3:::x/*'),
  ),
  refuted(
    'a second variable may be anything, also nothing',
    allow('s3:*', 'arn:aws:s3:::${k:b}/${k:c}', { StringEquals: { 'k:b': 'x' } }),
    allow('s3:*', 'arn:aws:s3:::x/?*'),
  ),
  holds(
    'the default of one of two variables',
    when({
      StringEquals: { 'k:a': "${k:b, 'x'}${k:c}" },
      Null: { 'k:b': 'true' },
      StringEqualsIfExists: { 'k:b': 'y' },
    }),
    when({ StringLike: { 'k:a': ['x*', 'y*'] } }),
  ),
  holds(
    'a number that is also a text',
    when({ NumericLessThan: { 'k:a': 10 }, StringLike: { 'k:a': '9*' } }),
    when({ NumericLessThan: { 'k:a': 20 } }),
  ),
  open(
    'a number of which the text tells the size',
    when({ NumericLessThan: { 'k:a': 10 }, StringLike: { 'k:a': '9*' } }),
    when({ NumericGreaterThan: { 'k:a': 8 } }),
  ),
]
