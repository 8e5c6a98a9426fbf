import { createHash } from 'node:crypto'

import type { App } from '@sallyport/manifest'

import { type Authority, openAuthority } from './certificates/index.ts'
import { interceptedNames } from './egress/index.ts'
import { nowMs } from './operation/index.ts'
import type { Vault } from './vault/index.ts'

/** How often the authority of the doors is looked at; it lives seven days and is replaced in its last third. */
export const renewEveryMs: number = 12 * 3_600_000

/** The authority that boxes trust at their doors, as it is now. */
export interface InterceptionAuthority {
  /** What a box that starts now must trust. */
  readonly caPem: string
  readonly leafFor: Authority['leafFor']
  /** Which authority that is: a box made under another one must be replaced. */
  readonly trust: string
  /** Opens it anew where the app's doors have other hosts now, or where it ages. */
  renew(app: App): Promise<void>
}

/**
 * Opens the interception authority, tied to the hosts of the app's doors, and AWS's of its tables; or, while `learn`
 * records, to no name at all, because what a function asks of a host that nobody wrote down is to be read.
 */
export async function openInterception(app: App, keeper: Vault, anyName: boolean): Promise<InterceptionAuthority> {
  const open = (next: App): Promise<Authority> => {
    const permittedNames = anyName ? [''] : interceptedNames(next)
    return openAuthority({ kind: 'interception', app: next.name, permittedNames, keeper, nowMs })
  }
  let current = await open(app)
  return {
    get caPem() {
      return current.caPem
    },
    leafFor: (names) => current.leafFor(names),
    get trust() {
      return createHash('sha256').update(current.caPem).digest('hex')
    },
    renew: async (next) => {
      current = await open(next)
    },
  }
}
