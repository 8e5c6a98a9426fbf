export { duplicateMember } from './duplicate-member.ts'
export { isObject, type JsonObject, parseStrictObject, stringList } from './strict-object.ts'
