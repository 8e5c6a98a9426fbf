export { signIn, type SignedIn, type SignInDetails, type SignInOptions } from './sign-in.ts'
