export { duplicateMember } from './duplicate-member.ts'
export { isModest, isObject, type JsonObject, maxJsonValues, parseStrictObject, stringList } from './strict-object.ts'
