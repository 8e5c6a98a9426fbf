export { createDevelopmentUsers, type DevelopmentSignIn, provisionUsers } from './development-users.ts'
export { type SealedStore, type SignInEvent, type UserStore } from './ports.ts'
export { type IdentityProvider, startIdentityProvider } from './start.ts'
export { createUserStore } from './users.ts'
