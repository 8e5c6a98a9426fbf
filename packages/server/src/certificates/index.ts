export { type Authority, type AuthorityKeeper, type AuthorityKind, type Leaf, openAuthority } from './authority.ts'
