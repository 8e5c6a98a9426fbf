import type { Guard } from './guard.ts'

const certificates = 'packages/server/src/certificates'
const sts = 'packages/server/src/sts'
const svid = [`${certificates}/svid.test.ts`]
const rotation = [`${sts}/rotation.test.ts`]

/** Who a workload is, and how long a key speaks for it. */
export const workloadGuards: readonly Guard[] = [
  {
    name: 'an SVID names one workload',
    attack: 'one with two URIs',
    file: `${certificates}/verify-svid.ts`,
    code: "if (second !== undefined) return 'svid.several_ids'",
    without: '',
    noticedBy: svid,
    testName: 'one with two URIs',
  },
  {
    name: 'an authority is no workload',
    attack: 'an authority as leaf',
    file: `${certificates}/verify-svid.ts`,
    code: "?.ca === true || signsOthers) return 'svid.is_authority'",
    without: "?.ca === true && signsOthers) return 'svid.is_authority'",
    noticedBy: svid,
    testName: 'an authority as leaf',
  },
  {
    name: 'an SVID is for its time',
    attack: 'one that is over',
    file: `${certificates}/verify-svid.ts`,
    code: "return nowMs >= certificate.notAfter.getTime() ? 'svid.expired' : undefined",
    without: 'return undefined',
    noticedBy: svid,
    testName: 'one that is over',
  },
  {
    name: 'a trust domain is vouched for by its own roots',
    attack: 'one that a partner signed for our domain',
    file: `${certificates}/verify-svid.ts`,
    code: '(bundles.get(id.trustDomain) ?? [])',
    without: '[...bundles.values()].flat()',
    noticedBy: svid,
    testName: 'one that a partner signed for our domain',
  },
  {
    name: 'an SVID is believed by its signature',
    attack: 'one of a foreign bundle',
    file: `${certificates}/verify-svid.ts`,
    code: 'return node.checkIssued(authority.node) && node.verify(authority.node.publicKey)',
    without: 'return node.checkIssued(authority.node) || true',
    noticedBy: svid,
    testName: 'one of a foreign bundle',
  },
  {
    name: 'only an authority vouches',
    attack: 'an authority between is a CA',
    file: `${certificates}/verify-svid.ts`,
    code: 'basic?.ca !== true || (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0)',
    without: 'basic === undefined',
    noticedBy: svid,
    testName: 'an authority between',
  },
  {
    name: 'no more authorities stand below a root than it allows',
    attack: 'stands there only where the root allows one',
    file: `${certificates}/verify-svid.ts`,
    code: 'if (basic.pathLength !== undefined && basic.pathLength < depth) return false',
    without: '',
    noticedBy: svid,
    testName: 'stands there only where the root allows one',
  },
  {
    name: 'an authority keeps its name constraints',
    attack: 'keeps its constraint',
    file: `${certificates}/verify-svid.ts`,
    code: 'return constraints === undefined || permitsHost(new Uint8Array(constraints.value), id.trustDomain)',
    without: 'return true',
    noticedBy: svid,
    testName: 'keeps its constraint',
  },
  {
    name: 'a key is published before it signs',
    attack: 'the next key is published before it signs',
    file: `${sts}/rotation.ts`,
    code: 'await add(now + plan.leadMs)',
    without: 'await add(now)',
    noticedBy: rotation,
    testName: 'the next key is published before it signs',
  },
  {
    name: 'a key that no longer signs keeps no private half',
    attack: 'a key that no longer signs keeps no private half',
    file: `${sts}/rotation.ts`,
    code: 'const { privatePem: _spent, ...publicHalf } = key',
    without: 'const publicHalf = key',
    noticedBy: rotation,
    testName: 'a key that no longer signs keeps no private half',
  },
  {
    name: 'a key beyond its age signs nothing',
    attack: 'a key beyond its age signs nothing',
    file: `${sts}/rotation.ts`,
    code: 'if (key?.privatePem === undefined || isTooOld(key)) {',
    without: 'if (key?.privatePem === undefined) {',
    noticedBy: rotation,
    testName: 'a key beyond its age signs nothing',
  },
]
