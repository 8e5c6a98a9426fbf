export { duplicateMember } from './duplicate-member.ts'
