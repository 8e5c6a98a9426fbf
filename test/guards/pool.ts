import type { Guard } from './guard.ts'

const room = 'packages/server/src/host'
const backOff = [`${room}/pool/back-off.test.ts`]
const reserve = [`${room}/pool/reserve.test.ts`]
const spare = [`${room}/pool/spare.test.ts`]
const turns = [`${room}/pool/turns.test.ts`]

/** How many boxes there are, and how often one is started. */
export const poolGuards: readonly Guard[] = [
  {
    name: 'a function that does not load is not started for ever',
    attack: 'a function that cannot start takes the processor',
    file: `${room}/pool/back-off.ts`,
    code: 'wait(failures)\n      failures += 1',
    without: 'failures += 1',
    noticedBy: backOff,
    testName: 'each failure to load',
  },
  {
    name: 'a wait is over some time',
    attack: 'a function that failed often is never started again',
    file: `${room}/pool/back-off.ts`,
    code: 'Math.min(maxMs, firstMs * 2 ** times)',
    without: 'firstMs * 2 ** times',
    noticedBy: backOff,
    testName: 'each failure to load',
  },
  {
    name: 'one answer shows that a function is no loop of crashes',
    attack: 'a function that ends now and then is taken for one that does nothing else',
    file: `${room}/pool/back-off.ts`,
    code: 'answered: () => void (crashes = 0),',
    without: 'answered: () => undefined,',
    noticedBy: backOff,
    testName: 'one that answers in between',
  },
  {
    name: 'a turn that nobody ends is over after its time',
    attack: 'a function that never loads keeps all others from starting',
    file: `${room}/pool/turns.ts`,
    code: 'const timer = setTimeout(end, atMostMs)',
    without: 'const timer = setTimeout(() => undefined, atMostMs)',
    noticedBy: turns,
    testName: 'a turn that nobody ends',
  },
  {
    name: 'a waiting box that ended is never given',
    attack: 'a call is given a box that is gone',
    file: `${room}/pool/spare.ts`,
    code: 'spare = undefined\n      return true',
    without: 'return true',
    noticedBy: spare,
    testName: 'that ends by itself',
  },
  {
    name: 'a box that was taken is not ended by who made it',
    attack: 'a call loses its box to the reserve',
    file: `${room}/pool/spare.ts`,
    code: 'if (spare !== one) return false',
    without: 'if (dropped) return false',
    noticedBy: spare,
    testName: 'that was taken is its owner',
  },
  {
    name: 'no box is made for a function that is out of service',
    attack: 'boxes are left after their server',
    file: `${room}/pool/spare.ts`,
    code: 'if (dropped || spare !== undefined) return',
    without: 'if (spare !== undefined) return',
    noticedBy: spare,
    testName: 'that was still to be made when it was dropped',
  },
  {
    name: 'a box that was dropped is discarded',
    attack: 'boxes are left after their server',
    file: `${room}/pool/spare.ts`,
    code: 'await unused?.then(discard, () => undefined)',
    without: 'await unused',
    noticedBy: spare,
    testName: 'is gone when it was dropped',
  },
  {
    name: 'a box without the code of its function is ended, and nobody gets it',
    attack: 'a call is given a box with no code, or that of another',
    file: `${room}/pool/reserve.ts`,
    code: 'await discard(prepared)\n          throw error',
    without: 'return prepared',
    noticedBy: reserve,
    testName: 'ends a box whose code cannot be put into it',
  },
  {
    name: 'a reserve that is closed leaves no box',
    attack: 'boxes are left after their server',
    file: `${room}/pool/reserve.ts`,
    code: 'for (const prepared of shelf.waiting.splice(0)) end(prepared)',
    without: 'shelf.waiting.splice(0)',
    noticedBy: reserve,
    testName: 'leaves nothing when it is closed',
  },
  {
    name: 'what is being made when a reserve is closed is ended too',
    attack: 'boxes are left after their server',
    file: `${room}/pool/reserve.ts`,
    code: 'for (const surplus of shelf.waiting.splice(shelf.wanted)) end(surplus)',
    without: '',
    noticedBy: reserve,
    testName: 'ends what was being made',
  },
]
