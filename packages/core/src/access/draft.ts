/**
 * A value that is still being put together, member by member. For what is made at every call: members behind a spread,
 * by which optional ones are mostly put in, take longer than all the others.
 */
export type Draft<T> = { -readonly [Name in keyof T]: T[Name] }
