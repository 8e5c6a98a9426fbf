import { SallyportError } from '@sallyport/core/access'

import { type CertificateStatus, type RevocationLists, readRevocationLists } from '../certificates/index.ts'

/** What the authorities of devices say now of certificates of theirs. */
export interface Revocations {
  readonly statusOf: (authority: Uint8Array, serialNumber: string) => CertificateStatus
  /** Undefined while the lists are young enough; else resolves when they were read again. Never rejects. */
  readonly refresh: () => Promise<void> | undefined
}

/** Where their lists come from. */
export interface RevocationsOptions {
  /** The text of the file (PEM) as it is now. */
  readonly read: () => Promise<string>
  /** DER; the same objects that certificates are verified by. */
  readonly authorities: readonly Uint8Array[]
  readonly nowMs: () => number
  /** Told why the lists could not be had, or which do not count, for the operator's log. */
  readonly onTrouble: (cause: unknown) => void
}

/** Whoever renews the file need not tell us. */
const readEveryMs = 60_000

/**
 * Follows the lists in a file: read before this resolves, and again before a request that comes a minute after. A file
 * that cannot be read changes nothing; what it held before ends by itself, and then certificates count no more.
 */
export async function followRevocations(options: RevocationsOptions): Promise<Revocations> {
  const { read, authorities, nowMs, onTrouble } = options
  let lists: RevocationLists | undefined
  let readAt = -Infinity
  let flight: Promise<void> | undefined
  let told = 0

  async function look(): Promise<void> {
    try {
      lists = await readRevocationLists(await read(), authorities)
      if (lists.unusable > told) onTrouble(new SallyportError('device.revocation_list', words(lists.unusable)))
      told = lists.unusable
    } catch (cause) {
      onTrouble(cause)
    } finally {
      readAt = nowMs()
      flight = undefined
    }
  }

  await look()
  return {
    statusOf: (authority, serialNumber) => lists?.statusOf(authority, serialNumber, nowMs()) ?? 'unknown',
    refresh: () => (Math.abs(nowMs() - readAt) < readEveryMs ? undefined : (flight ??= look())),
  }
}

function words(count: number): string {
  return `${count} of the lists under devices.revoked are of none of its authorities, or not whole, signed and plain.`
}
