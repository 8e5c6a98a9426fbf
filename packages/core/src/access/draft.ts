/**
 * A value that is still being put together, member by member. For what is made at every call: members that stand behind a
 * spread, as optional ones do where they are spread in, take longer than all the others.
 */
export type Draft<T> = { -readonly [Name in keyof T]: T[Name] }
