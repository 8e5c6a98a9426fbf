export { openSts, type Sts } from './sts.ts'
