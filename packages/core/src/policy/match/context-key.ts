/**
 * True for `prefix:name`, as every condition key is written: `aws:SourceIp`, `aws:PrincipalTag/team`,
 * `token.actions.githubusercontent.com:sub`, `auth.example.com/realms/shop:aud`.
 */
export function isContextKey(key: string): boolean {
  return key.length <= 256 && (plain.test(key) || (form.test(key) && key === key.trimEnd()))
}

/** Nearly all keys, which a cheaper expression settles. */
const plain = /^[A-Za-z0-9][A-Za-z0-9._/-]*:[A-Za-z0-9][A-Za-z0-9._/:=+@-]*$/

const form = /^[A-Za-z0-9][A-Za-z0-9._/-]*:[^\s\p{C}'"{}$*?,][^\p{C}'"{}$*?,]*$/u
