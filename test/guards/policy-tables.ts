import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Guard } from './guard.ts'

const room = 'packages/core/src/policy'
const read = (file: string): string => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')

/** A row that is put wrong: which file, which line as it stands, what stands there instead. */
interface WrongRow {
  readonly name: string
  readonly code: string
  readonly without: string
}

const operatorsFile = `${room}/match/operators.ts`

/** Every operator compares the other way round, and what compares in an order compares in another. */
function wrongOperators(): readonly WrongRow[] {
  const rows = [
    ...read(operatorsFile).matchAll(/^ {2}row\('(\w+)', '([a-z-]+)'(?:, (true|false))?(?:, '([a-z-]+)')?\),$/gm),
  ]
  return rows.map(([code, name = '', family = '', negated = 'false', relation]) => {
    const other = { less: 'greater', greater: 'less', 'less-or-equal': 'less', 'greater-or-equal': 'greater' }
    const wrong =
      family === 'null'
        ? ''
        : relation === undefined
          ? `  row('${name}', '${family}', ${negated === 'true' ? 'false' : 'true'}),`
          : `  row('${name}', '${family}', false, '${Object.entries(other).find(([one]) => one === relation)?.[1]}'),`
    return { name, code, without: wrong }
  })
}

const kindsFile = `${room}/read/read-document.ts`

/** Every kind of policy takes what it must not, or refuses what it takes. */
function wrongKinds(): readonly WrongRow[] {
  const rows = [
    ...read(kindsFile).matchAll(/^ {2}'?([a-z-]+)'?: \{ principal: '(\w+)', resource: '(\w+)', allow: '(\w+)' \},$/gm),
  ]
  const other: Readonly<Record<string, string>> = {
    never: 'optional',
    always: 'optional',
    named: 'always',
    everybody: 'optional',
    optional: 'never',
  }
  return rows.flatMap(([code, name = '', principal = '', resource = '', allow = '']) => [
    { name: `${name}: Principal`, code, without: code.replace(`'${principal}'`, `'${other[principal]}'`) },
    {
      name: `${name}: Resource`,
      code,
      without: code.replace(`resource: '${resource}'`, `resource: '${other[resource]}'`),
    },
    {
      name: `${name}: Allow`,
      code,
      without: code.replace(`allow: '${allow}'`, `allow: '${allow === 'anything' ? 'nothing' : 'anything'}'`),
    },
  ])
}

const operandFile = `${room}/match/operand.ts`

/** Every relation of numbers and dates holds where another does. */
const wrongRelations: readonly (WrongRow & { readonly file: string; readonly testName: string })[] = [
  ['less', 'NumericLessThan', '<', '<='],
  ['less-or-equal', 'NumericLessThanEquals', '<=', '<'],
  ['greater', 'NumericGreaterThan', '>', '>='],
  ['greater-or-equal', 'NumericGreaterThanEquals', '>=', '>'],
  ['equal', 'NumericEquals', '===', '<='],
].map(([name = '', testName = '', sign, wrong]) => {
  const code = `  ${name.includes('-') ? `'${name}'` : name}: (value, operand) => value ${sign} operand,`
  return { name, file: operandFile, code, without: code.replace(`value ${sign} `, `value ${wrong} `), testName }
})

/** Every prefix for lists is the other. */
const wrongQuantifiers: typeof wrongRelations = [
  ['ForAllValues:', 'all', 'any', 'with ForAllValues nothing holds'],
  ['ForAnyValue:', 'any', 'all', 'nothing does not hold, and one value suffices'],
].map(([name = '', is, wrong, testName = '']) => {
  const code = `  ['${name}', '${is}'],`
  return { name, file: operatorsFile, code, without: code.replace(`'${is}'`, `'${wrong}'`), testName }
})

const sidesFile = `${room}/decide/sides.ts`
const callerFile = `${room}/match/caller.ts`
const principalFile = `${room}/match/principal.ts`

/** Rows that a named case of the layers' golden file notices. */
const others: readonly (WrongRow & { readonly file: string; readonly testName: string })[] = [
  {
    name: 'side: asking who one is',
    file: sidesFile,
    code: "{ action: 'sts:getcalleridentity', resource: '', side: 'nobody' },",
    without: '',
    testName: 'asking who one is needs no permission',
  },
  {
    name: 'grade: a role behind its session',
    file: callerFile,
    code: '        [role, 2],',
    without: '        [role, 3],',
    testName: 'a resource policy naming the role stays within the session policy',
  },
  {
    name: 'grade: a session itself',
    file: callerFile,
    code: '        [`AWS:arn:${partition}:sts::${account}:assumed-role/${shown}`, 3],',
    without: '        [`AWS:arn:${partition}:sts::${account}:assumed-role/${shown}`, 2],',
    testName: 'a resource policy naming the session is not limited by the boundary',
  },
  {
    name: 'grade: a user itself',
    file: callerFile,
    code: "return of('user', [[`AWS:${id}`, 3]])",
    without: "return of('user', [[`AWS:${id}`, 2]])",
    testName: 'a resource policy naming the user is not limited by its boundary',
  },
  {
    name: 'grade: the user behind a federated session',
    file: callerFile,
    code: '[`AWS:arn:${partition}:iam::${account}:user/${path}`, 2],',
    without: '[`AWS:arn:${partition}:iam::${account}:user/${path}`, 3],',
    testName: 'a resource policy naming the user stays within the federated session',
  },
  {
    name: 'caller: the anonymous have no name',
    file: callerFile,
    code: "if (id === 'anonymous') return",
    without: "if (id === 'nobody') return",
    testName: 'the anonymous have no identity policies',
  },
  {
    name: 'principal: a star under Service',
    file: principalFile,
    code: "  Service: ['service'],",
    without: "  Service: ['service', 'user'],",
    testName: 'a star under Service means services',
  },
  {
    name: 'principal: a role without its path',
    file: callerFile,
    code: "return `AWS:${value.replace(/^(arn:aws[a-z-]*:iam::\\d{12}:role\\/).*\\//, '$1')}`",
    without: 'return `AWS:${value}`',
    testName: 'a role named with its path is the role of the session',
  },
  {
    name: 'answer: what else allows',
    file: `${room}/decide/explain.ts`,
    code: 'statements.filter((statement) => !statement.denies && gradeOf(statement, facts) > 0),',
    without: 'statements.filter((statement) => !statement.denies),',
    testName: 'an allow names every statement that allows it, the deciding one first',
  },
  {
    name: 'resource: what S3 asks for where it lists buckets',
    file: `${room}/query/query.ts`,
    code: "action.askedOn?.replace(/^arn:aws:/, `arn:${partition}:`) ?? '*'",
    without: "'*'",
    testName: 'listing buckets is granted on every bucket, as S3 asks for it',
  },
  {
    name: "caller: a session of a service's own role",
    file: callerFile,
    code: 'linked: kept !== null',
    without: 'linked: false',
    testName: 'service control does not reach a session of a role that a service keeps for itself',
  },
  {
    name: 'caller: only the own role says whose a session is',
    file: callerFile,
    code: 'session.startsWith(own + name) &&',
    without: 'session.startsWith(own) &&',
    testName: "a session with another such role's ARN is under service control",
  },
  {
    name: 'caller: only a role of the own account says whose a session is',
    file: callerFile,
    code: 'const own = `arn:${partition}:sts::${account}:assumed-role/`',
    without: 'const own = `arn:${partition}:sts::${session.split(":")[4]}:assumed-role/`',
    testName: "a session of an account with such a role's ARN of another is under service control",
  },
  {
    name: 'principal: a star under Federated',
    file: principalFile,
    code: "  Federated: ['provider', 'service'],",
    without: "  Federated: ['service'],",
    testName: 'a star under Federated means identity providers',
  },
  {
    name: 'principal: a star under Sallyport',
    file: principalFile,
    code: "  Sallyport: ['ours'],",
    without: "  Sallyport: ['ours', 'user'],",
    testName: 'a star under Sallyport means nobody of AWS',
  },
  {
    name: 'side: administration',
    file: sidesFile,
    code: "{ prefix: 'arn:sallyport:admin:', side: 'owner' },",
    without: '',
    testName: 'an administrative act is not opened by identity policies',
  },
  {
    name: 'side: functions',
    file: sidesFile,
    code: "{ prefix: 'arn:sallyport:function:', side: 'both' },",
    without: "{ prefix: 'arn:sallyport:function:', side: 'owner' },",
    testName: 'a call of a function is not opened by its policy alone',
  },
  {
    name: 'grade: a role itself',
    file: callerFile,
    code: "[[principalName('AWS', id), 2]]",
    without: "[[principalName('AWS', id), 3]]",
    testName: 'a role that is named itself stays within its boundary',
  },
  {
    name: "resource control reaches no service's own role",
    file: sidesFile,
    code: 'return !caller.linked',
    without: 'return caller.kind !== undefined',
    testName: 'resource control does not reach a role that a service keeps for itself',
  },
  {
    name: 'service control reaches no service',
    file: sidesFile,
    code: "return caller.kind !== 'anonymous' && caller.kind !== 'service' && caller.kind !== 'provider'",
    without: 'return caller.kind !== undefined',
    testName: 'service control does not reach a service',
  },
]

/** Every row of the tables of operators, kinds of policy, principals and sides, each put wrong. */
export const policyTableGuards: readonly Guard[] = [
  ...wrongOperators().map(({ name, ...row }): Guard => ({
    name: `the operator ${name} is what its row says`,
    attack: `${name} `,
    file: operatorsFile,
    ...row,
    noticedBy: [`${room}/match/operators.test.ts`],
    testName: name,
  })),
  ...wrongKinds().map(({ name, ...row }): Guard => ({
    name: `policies are what their row says: ${name}`,
    attack: 'takes exactly what its row says',
    file: kindsFile,
    ...row,
    noticedBy: [`${room}/read/kinds.test.ts`],
  })),
  ...[...wrongRelations, ...wrongQuantifiers].map(({ name, testName, ...row }): Guard => ({
    name: `of the operators, the row ${name} is what it says`,
    attack: `${testName} `,
    ...row,
    noticedBy: [`${room}/match/operators.test.ts`],
    testName,
  })),
  ...others.map(({ name, testName, ...row }): Guard => ({
    name: `the table row stands, ${name}`,
    attack: testName,
    ...row,
    noticedBy: [`${room}/layers.test.ts`],
    testName,
  })),
]
