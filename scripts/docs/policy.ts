import {
  type ActionCatalogue,
  makeAnswerer,
  truthColumns as columns,
  type TruthRow,
  truthTable,
} from '@sallyport/core/policy'

const shown = { true: 'yes', false: 'no', unclear: 'unclear', '-': '' } as const

/** docs/policy.md: what every condition operator answers, asked of the engine itself. */
export function policyDocument(): string {
  return [
    '# The policy language\n',
    'Made from the engine by `node -C source scripts/docs.ts`; do not edit. The tests hold the same samples.\n',
    'Policies are IAM JSON, Versions 2012-10-17 and 2008-10-17, read strictly: what AWS would ignore or accept by',
    'chance (an unknown element or operator, a wrong type, a repeated name) is an error at load. What the layers mean',
    'and who must allow stands in [decide.md](decide.md).\n',
    '## What each operator answers\n',
    "*Matches* means that the value equals, or stands in the stated relation to, one of the policy's values; a negated",
    'operator is asked with the same values as its positive twin. *Unclear* is a question without an answer: several',
    'values under an operator for one, a text that is no number. It gives no leave in an Allow, and is a reason in a',
    'Deny, so that such a request is refused either way. An empty text counts as present for operators by themselves,',
    'and as nothing for `Null` and under a quantifier, as IAM has it.\n',
    ...sections.flatMap(([title, belongs]) => [`### ${title}\n`, table(truthTable().filter(belongs))]),
    '## Actions that take no resource\n',
    'Such an action is asked for on `*`, as AWS does, whatever the request names: here `ec2:DescribeInstances` on an',
    'instance, beside `ec2:StartInstances`, which takes one. In a Deny the same elements reach it, and no others.\n',
    reachTable(),
  ].join('\n')
}

const instance = 'arn:aws:ec2:eu-west-1:123456789012:instance/i-1'
const catalogue: ActionCatalogue = {
  services: ['ec2'],
  actionsOf: () =>
    new Map([
      ['describeinstances', { name: 'DescribeInstances', resources: [], keys: [] }],
      ['startinstances', { name: 'StartInstances', resources: [{ like: 'arn:*:ec2:*:*:instance/*' }], keys: [] }],
    ]),
}
const elements: readonly (readonly ['Resource' | 'NotResource', string])[] = [
  ['Resource', '*'],
  ['Resource', 'arn:*'],
  ['Resource', 'arn:aws:ec2:*:*:*'],
  ['Resource', instance],
  ['NotResource', instance],
  ['NotResource', 'arn:aws:s3:::photos'],
  ['NotResource', '*'],
]

function reachTable(): string {
  const answer = makeAnswerer(catalogue)
  const reaches = (element: string, value: string, action: string): string => {
    const Statement = { Effect: 'Allow', Action: 'ec2:*', [element]: value }
    const request = {
      principal: 'arn:aws:iam::123456789012:user/alice',
      action,
      resource: { arn: instance },
      context: {},
    }
    const { effect, error } = answer(JSON.stringify({ identityPolicies: [{ Statement }], request }))
    if (error !== undefined) throw new Error(error.message)
    return effect === 'allow' ? 'yes' : 'no'
  }
  return [
    '| Element | `ec2:DescribeInstances` | `ec2:StartInstances` |',
    '| --- | --- | --- |',
    ...elements.map(([element, value]) => {
      const cells = ['ec2:DescribeInstances', 'ec2:StartInstances'].map((action) => reaches(element, value, action))
      return `| \`"${element}": "${value}"\` | ${cells.join(' | ')} |`
    }),
    '',
  ].join('\n')
}

const isQuantified = ({ operator }: TruthRow): boolean => operator.includes(':')
const sections: readonly (readonly [string, (row: TruthRow) => boolean])[] = [
  ['By themselves', (row) => !isQuantified(row) && !row.operator.endsWith('IfExists')],
  ['With IfExists', (row) => !isQuantified(row) && row.operator.endsWith('IfExists')],
  ['Under ForAllValues', ({ operator }) => operator.startsWith('ForAllValues:')],
  ['Under ForAnyValue, also with IfExists', ({ operator }) => operator.startsWith('ForAnyValue:')],
]

function table(rows: readonly TruthRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['Operator', ...columns]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ operator, cells }) => line([`\`${operator}\``, ...columns.map((column) => shown[cells[column]])])),
    '',
  ].join('\n')
}
