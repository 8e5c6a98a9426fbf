import { randomBytes } from 'node:crypto'

import { type Enrolments, openEnrolments } from '../enrolment/enrolments.ts'
import type { SealedStore } from '../ports.ts'

/** Links that nobody records. Tests only. */
export function enrolmentsIn(store: SealedStore): Enrolments {
  return openEnrolments({
    issuerUrl: 'https://localhost:8444',
    store,
    nowSeconds: () => 0,
    random: randomBytes,
    record: () => Promise.resolve(),
  })
}
