import type { App } from '../app.ts'
import { fixOf } from './shell.ts'

/** The first user of the embedded issuer who holds one of the roles: somebody whom a command can name after `--as`. */
function somebodyWith(app: App, roles: readonly string[]): string | undefined {
  const users = app.issuers.flatMap((issuer) => (issuer.kind === 'embedded' ? issuer.users : []))
  return users.find((user) => user.roles.some((role) => roles.includes(role)))?.name
}

/**
 * The command by which `subject` asks for a role, or somebody who holds it where `subject` is only a role. Nothing
 * where people sign in elsewhere: `--as` knows the embedded issuer's users alone.
 */
export function requestFix(app: App, subject: string, role: string, purpose: string): { readonly fix?: string } {
  const users = app.issuers.flatMap((issuer) => (issuer.kind === 'embedded' ? issuer.users : []))
  const who = users.some(({ name }) => name === subject) ? subject : somebodyWith(app, [role])
  return who === undefined ? {} : fixOf('request', role, '--as', who, '--reason', purpose)
}

/**
 * The command that puts a secret into the vault, by somebody who may; its value is read from standard input. Nothing
 * where nobody of the embedded issuer may, or where the manifest does not declare it.
 */
export function setSecretFix(app: App, name: string): { readonly fix?: string } {
  const who = somebodyWith(app, app.administration.secrets)
  return who === undefined || !app.secrets.some((one) => one.name === name)
    ? {}
    : fixOf('secret', 'set', '--as', who, name)
}
