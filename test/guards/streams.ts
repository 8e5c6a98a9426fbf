import type { Guard } from './guard.ts'

/** What streams ends with the right to it, and where it breaks off it is no short answer. */
export const streamGuards: readonly Guard[] = [
  {
    name: 'what one function streams to another ends with the right to the call',
    attack: 'a stream goes on after its caller was revoked',
    file: 'packages/server/src/egress/call.ts',
    code: "life.signal.addEventListener('abort', end, { once: true })",
    without: '',
    noticedBy: ['packages/server/src/egress/call.test.ts'],
    testName: 'ends with the right to the call',
  },
  {
    name: 'what a function streams to whoever invoked it ends with their right',
    attack: 'a stream goes on after an administrator was revoked',
    file: 'packages/server/src/api/streamed.ts',
    code: 'const release = whenEnded(grant, end)',
    without: 'const release = whenEnded(grant, () => undefined)',
    noticedBy: ['packages/server/src/api/streamed.test.ts'],
    testName: 'breaks off when the right to it ends',
  },
]
