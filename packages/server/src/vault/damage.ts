import { SallyportError } from '@sallyport/core/access'

/** A file of the vault that cannot be used. Nothing is ever made anew in its place: that would lose what it sealed. */
export function damaged(path: string, what: string, remedy: string): SallyportError {
  return new SallyportError('vault.damaged', `${path} ${what}. ${remedy}`)
}

/** What is left to do when the vault itself cannot be opened. */
export const restoreFolder = 'Restore this folder from a backup; without it, what it sealed cannot be read any more.'
