import type { Guard } from './guard.ts'

const server = 'packages/server/src'
const revocations = [`${server}/devices/revocations.test.ts`]
const devices = [`${server}/devices/devices.test.ts`]
const certificates = [`${server}/certificates/verify-device.test.ts`]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({
    name,
    attack,
    file: `${server}/${file}`,
    code,
    without,
    noticedBy,
    testName,
  }))
}

/** Whose certificates count, and for which device. */
export const proofOfDeviceGuards: readonly Guard[] = [
  ...rows('devices/revocations.ts', revocations, 'a device that was taken back is let in', [
    ['what no list says is not known', "?? 'unknown'", "?? 'good'", 'lists that cannot be read'],
    ['the operator hears of lists that cannot be read', 'onTrouble(cause)\n', '', 'lists that cannot be read'],
    [
      'the operator hears of lists that do not count',
      'if (lists.unusable > told) onTrouble',
      'if (lists.unusable < told) onTrouble',
      'lists that cannot be read',
    ],
    [
      'lists are read again',
      'Math.abs(nowMs() - readAt) < readEveryMs ? undefined :',
      'Math.abs(nowMs() - readAt) < Infinity ? undefined :',
      'lists that cannot be read',
    ],
    [
      'lists are read again where the clock was set back',
      'Math.abs(nowMs() - readAt)',
      '(nowMs() - readAt)',
      'lists that cannot be read',
    ],
    ['lists are read once for all who wait', '(flight ??= look())', 'look()', 'lists that cannot be read'],
  ]),
  ...rows('devices/devices.ts', devices, 'a person comes from a device that is not theirs', [
    [
      'a statement is about the device of the certificate',
      "return isOther ? withFault(subject, 'device.unbound') : withDevice(subject, stated.device)",
      'return withDevice(subject, stated.device)',
      'not beside one of another',
    ],
    [
      'a device is stated once',
      "if (second !== undefined) return settled(subject, { kind: 'refused', code: 'device.malformed' }, shown)",
      '',
      'twice counts not at all',
    ],
    ['who is nobody has no device', "subject.kind !== 'user' || ", '', 'nobody, and a program'],
    [
      'a program has no device',
      " || subject.credential?.issuerName === 'service'",
      '',
      'nobody, and a program, have no device',
    ],
  ]),
  ...rows('certificates/chain.ts', certificates, 'a certificate counts for what it is not', [
    [
      'a key may sign what it is shown for',
      "if ((usages & KeyUsageFlags.digitalSignature) === 0) return 'key_usage'",
      '',
      'whose key may sign nothing',
    ],
    [
      'a certificate is for what it is shown for',
      "allowed === undefined || allowed.includes(purpose) ? undefined : 'purpose'",
      'undefined',
      'for servers alone does not count',
    ],
    [
      'a certificate counts from its time on',
      "if (nowMs < certificate.notBefore.getTime()) return 'not_yet_valid'",
      '',
      'that is not valid yet does not count',
    ],
    ['a chain is so long', 'chain.length > maxChain', 'chain.length > 99', 'in a chain without end'],
    ['an authority ends', ' && nowMs < certificate.notAfter.getTime()', '', 'by an authority that is over'],
  ]),
]
