import type { Guard } from './guard.ts'

const room = 'packages/core/src/policy'
const proofs = [`${room}/proof/prove.test.ts`]

/** What a proof may not believe, and what a query asks about. */
export const policyProofGuards: readonly Guard[] = [
  {
    name: 'a refutation is a request that the evaluator decided',
    attack: 'a claim is refuted by what the proof alone believes',
    file: `${room}/proof/find-request.ts`,
    code: 'witness = requests.find(shows)',
    without: 'witness = requests[0]',
    noticedBy: proofs,
    testName: 'of which one is not equal to the third',
  },
  {
    name: 'a pattern beside a variable tells texts apart',
    attack: 'two patterns with one variable are taken for one, and what is not so is proved',
    file: `${room}/proof/keys/key-classes.ts`,
    code: 'const looked = [...more, ...compared]',
    without: 'const looked = [...more, ...compared.slice(compared.length)]',
    noticedBy: proofs,
    testName: 'a pattern beside a variable of the same key',
  },
  {
    name: 'equal keys are single values',
    attack: 'but a list of one, which is equal to a variable, stands for none itself',
    file: `${room}/proof/keys/equalities.ts`,
    code: "return one?.kind === 'one' && one.shown",
    without: 'return one !== undefined',
    noticedBy: proofs,
    testName: 'but a list of one',
  },
  {
    name: 'some members of a list are not all',
    attack: 'where some members are the variable, not all need be',
    file: `${room}/proof/keys/lists.ts`,
    code: "return quantifier === 'all' ? all : some",
    without: 'return some',
    noticedBy: proofs,
    testName: 'where some members are the variable',
  },
  {
    name: 'an action that takes no resource is asked for on everything',
    attack: 'an action that takes no resource is not granted on one',
    file: `${room}/query/query.ts`,
    code: 'if (action?.resources.length !== 0) return request',
    without: 'return request',
    noticedBy: [`${room}/layers.test.ts`],
    testName: 'an action that takes no resource is not granted on one',
  },
  {
    name: 'what was not looked at is not proved',
    attack: 'a policy of so many patterns that nobody looks at all of them',
    file: `${room}/proof/find-request.ts`,
    code: 'return universe.gap === undefined ? { holds: true }',
    without: "return universe.gap !== '' ? { holds: true }",
    noticedBy: proofs,
    testName: 'work that grows without bound is given up',
  },
]
