/** Which engine a policy file is for, by its name: undefined for IAM documents. */
export function engineOf(file: string): 'opa' | 'cedar' | undefined {
  return file.endsWith('.wasm') ? 'opa' : file.endsWith('.cedar') ? 'cedar' : undefined
}

/** `curfew` for `policies/curfew.wasm`. */
export function guestNameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.(?:wasm|cedar)$/, '')
}
