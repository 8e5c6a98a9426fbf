export { openSts } from './sts.ts'
