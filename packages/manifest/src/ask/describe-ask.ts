import type { AccessRequest } from '@sallyport/core/access'

import type { App } from '../app.ts'
import { describeObject } from './describe-object.ts'
import { describeSubject, type Asker } from './describe-subject.ts'
import type { Asked } from './facts.ts'

export { describeObject } from './describe-object.ts'
export { describeSubject } from './describe-subject.ts'

/** What a question of `can`, `only` or `expect` comes to. `unknown` when it names what is not in the manifest. */
export type Ask =
  /** One request per subject and thing; empty when a zone holds no function, or a function offers nothing. */
  | { readonly kind: 'asks'; readonly asks: readonly AccessRequest[] }
  | { readonly kind: 'unknown'; readonly message: string; readonly suggestion?: string }

/** Turns `payments` and `stripe.charge` into the requests that the doors would ask the policy engine. */
export function describeAsk(app: App, subjectText: string, objectText: string): Ask {
  const subject = describeSubject(app, subjectText)
  if (subject.kind === 'unknown') return subject
  const object = describeObject(app, objectText)
  switch (object.kind) {
    case 'unknown':
      return object
    case 'refused': {
      const refusal = { code: object.code, layer: 'door', message: object.message } as const
      return {
        kind: 'asks',
        asks: subject.subjects.map((asker) => ({ ...hypothetical(asker, object.asked), refusal })),
      }
    }
    case 'objects':
      return {
        kind: 'asks',
        asks: subject.subjects.flatMap((asker) => object.objects.map((asked) => hypothetical(asker, asked))),
      }
  }
}

/** A request that nobody made: its id is all zeros, and no ledger holds it. */
export function hypothetical(asker: Asker, asked: Asked): AccessRequest {
  const id = '0'.repeat(32)
  return {
    id,
    transaction: id,
    subject: asker.subject,
    action: asked.action,
    resource: asked.resource,
    context: { ...asker.context, ...asked.context },
    actors: [],
    ...(asker.user === undefined ? {} : { user: asker.user }),
  }
}
