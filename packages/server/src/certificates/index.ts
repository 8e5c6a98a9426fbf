export { type Authority, type AuthorityKeeper, type AuthorityKind, type Leaf, openAuthority } from './authority.ts'
export { parseSpiffeId, type SpiffeId } from './spiffe-id.ts'
export { type SvidRefusalCode, type SvidVerdict, type TrustBundles, verifySvid } from './verify-svid.ts'
export { bundleKeyOf, certificateThumbprint, makeSvid, makeWorkloadRoot, type Svid } from './workload.ts'
