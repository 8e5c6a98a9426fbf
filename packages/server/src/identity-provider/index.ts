export {
  createDevelopmentUsers,
  type DevelopmentSignIn,
  type DevelopmentUsersOptions,
  provisionUsers,
} from './development-users.ts'
export { hashPassword } from './password.ts'
export { type EnrolledDevice, type SealedStore, type SignInEvent, type User, type UserStore } from './ports.ts'
export { type IdentityProvider, type IdentityProviderOptions, startIdentityProvider } from './start.ts'
export { createUserStore } from './users.ts'
