import type { Guard } from './guard.ts'

const room = 'packages/core/src/policy'
const layers = [`${room}/layers.test.ts`]
const rowsOf = [`${room}/decide/rows.test.ts`]

/** What is laid out for speed says what it would say by itself. */
export const policyRowGuards: readonly Guard[] = [
  {
    name: 'two resources of one hash are two resources',
    attack: 'somebody names an object so that it is found where another is',
    file: `${room}/decide/statement-index.ts`,
    code: 'return rows.isBegun(start, resource) && rows.hear(start, hearing)',
    without: 'return rows.hear(start, hearing)',
    noticedBy: rowsOf,
    testName: 'two resources of one hash',
  },
  {
    name: 'the same where its statements have not been asked before',
    attack: 'somebody names an object so that it is found where another is, first of all',
    file: `${room}/decide/statement-index.ts`,
    code: 'if (text.length !== length || !resource.startsWith(text)) return false',
    without: '',
    noticedBy: rowsOf,
    testName: 'two resources of one hash',
  },
  {
    name: 'few statements by themselves speak of what they name, too',
    attack: 'a bucket is granted, and its objects with it',
    file: `${room}/decide/statement.ts`,
    code: 'if (!matchesAction(facts.foldedAction) || !matchesResource(facts)) return 0',
    without: 'if (!matchesAction(facts.foldedAction)) return 0',
    noticedBy: layers,
    testName: 'a bucket is not its objects',
  },
  {
    name: 'few statements by themselves ask all their conditions, too',
    attack: 'one condition of two is enough',
    file: `${room}/decide/statement.ts`,
    code: 'if (conditions[at]?.holds(facts) !== true) return 0',
    without: '{}',
    noticedBy: layers,
    testName: 'every condition of an allow must hold',
  },
  {
    name: 'what held of one statement holds of the next only where it held',
    attack: 'a boundary is taken for granted because it asks what the identity policy asked in vain',
    file: `${room}/decide/rows.ts`,
    code: '          if (grade > 0) {\n            held = at\n',
    without: '          held = at\n          if (grade > 0) {\n',
    noticedBy: rowsOf,
    testName: 'what one layer asks in vain',
  },
  {
    name: 'what a Deny asks is not what an Allow asks',
    attack: 'a Deny takes the answer of an Allow, which gives no leave where the question has none',
    file: `${room}/decide/statement.ts`,
    code: 'name: JSON.stringify([operator, key, values, variables, denies])',
    without: 'name: JSON.stringify([operator, key, values, variables])',
    noticedBy: rowsOf,
    testName: 'in the same words has an answer of its own',
  },
  {
    name: 'a variable is one only in the newer Version',
    attack: 'a document of 2008 takes the test of one of 2012',
    file: `${room}/decide/statement.ts`,
    code: 'name: JSON.stringify([operator, key, values, variables, denies])',
    without: 'name: JSON.stringify([operator, key, values, denies])',
    noticedBy: rowsOf,
    testName: 'what two Versions say',
  },
  {
    name: 'an app keeps what it put together by whose policies they are',
    attack: 'a function has what another was found to have',
    file: `${room}/decide/authority.ts`,
    code: 'authority.remembered.sets.get(identity)?.get(owner)',
    without: 'authority.remembered.sets.values().next().value?.get(owner)',
    noticedBy: rowsOf,
    testName: 'an app answers each access by itself',
  },
]
