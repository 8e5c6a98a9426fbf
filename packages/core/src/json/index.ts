export { duplicateMember } from './duplicate-member.ts'
export { isObject, type JsonObject, maxJsonValues, parseStrictObject, stringList } from './strict-object.ts'
