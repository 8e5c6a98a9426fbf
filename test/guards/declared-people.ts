import { type Guard, type GuardRow, guardsIn } from './guard.ts'

const rows: readonly GuardRow[] = [
  [
    'an authority of devices vouches for all that it is said to',
    'manifest/src/read/people/read-devices.ts',
    'blocks.length > 0 && roots.length === blocks.length',
    'true',
    'manifest/src/read/people/devices',
    'is no leaf.pem: only an authority that vouches for any device may vouc',
  ],
  [
    'an authority of devices is one',
    'manifest/src/read/people/read-devices.ts',
    'return ca && !raw',
    'return !raw',
    'manifest/src/read/people/devices',
    'is no leaf.pem: only an authority that vouches for any device may vouc',
  ],
  [
    'an authority of devices has no constraints that nobody reads',
    'manifest/src/read/people/read-devices.ts',
    'ca && !raw.includes(nameConstraints) ?',
    'ca ?',
    'manifest/src/read/people/devices',
    'is no constrained.pem: only an authority that vouches for any device m',
  ],
  [
    'a list of revoked certificates is one',
    'manifest/src/read/people/read-devices.ts',
    "if (read.text.includes('-----BEGIN X509 CRL-----')) return read.path",
    'if (read.text !== undefined) return read.path',
    'manifest/src/read/people/devices',
    'may take certificates back, by lists in a file that holds some',
  ],
  [
    'a manager of devices is at an address that can be trusted',
    'manifest/src/read/people/read-devices.ts',
    "if (address.kind === 'refused') {",
    "if (address.kind === 'refused' && text === '') {",
    'manifest/src/read/people/devices',
    'signs at an address that can be trusted',
  ],
  [
    'a workload that is named is one',
    'manifest/src/read/people/read-spiffe-id.ts',
    'if (domain === undefined) faults.add',
    'if (domain === id) faults.add',
    'manifest/src/read/people/services',
    'an id that is none',
  ],
]

/** Whom a manifest may name, and what it may write down of code and headers. */
export const declaredPeopleGuards: readonly Guard[] = guardsIn(rows)
