export { type DeviceKey, makeDeviceAssertion } from './device-assertion.ts'
export { signIn, type SignedIn, type SignInDetails, type SignInOptions } from './sign-in.ts'
