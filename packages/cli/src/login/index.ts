export { deviceLogin, endLogin, issuerKeys, refreshLogin } from './device-login.ts'
export { loginFile } from './kept-login.ts'
