import type { JWK } from 'jose'
import type { AdapterPayload } from 'oidc-provider'

/** A program that may ask the provider for tokens; the manifest declares it, and nothing else can. */
export interface ProviderClient {
  /** The `client_id`, and for its own tokens the `sub`. */
  readonly name: string
  /** Roles of the tokens that it gets for itself. */
  readonly roles: readonly string[]
  /** Public keys by which it proves itself (RFC 7523); absent for one that can keep no secret. */
  readonly keys?: readonly JWK[]
  /** Where people come back to; without one it gets tokens for itself only. */
  readonly redirects: readonly string[]
  readonly logoutRedirects: readonly string[]
  /** Its tokens are bound to a key that it proves with each request (RFC 9449). */
  readonly dpop: boolean
}

/** Our own command line, public, on this machine (RFC 8252). Any loopback port will do (§7.3). */
export const cli = { id: 'sallyport-cli', redirectUri: 'http://127.0.0.1/callback' } as const

/** The grant types of RFC 8628 and RFC 8693. */
export const grants = {
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const

/** Looks clients up in the manifest in force, in the form that the library reads. */
export function clientLookup(clients: () => readonly ProviderClient[]): (id: string) => AdapterPayload | undefined {
  return (id) => {
    if (id === cli.id) return command
    const found = clients().find(({ name }) => name === id)
    return found === undefined ? undefined : metadataOf(found)
  }
}

const command: AdapterPayload = {
  client_id: cli.id,
  client_name: 'the sallyport command',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: [cli.redirectUri],
  grant_types: ['authorization_code', 'refresh_token', grants.device],
  response_types: ['code'],
}

function metadataOf({ name, keys, redirects, logoutRedirects, dpop }: ProviderClient): AdapterPayload {
  const isConfidential = keys !== undefined
  const isForPeople = redirects.length > 0
  return {
    client_id: name,
    client_name: name,
    application_type: redirects.some((uri) => uri.startsWith('http:')) ? 'native' : 'web',
    token_endpoint_auth_method: isConfidential ? 'private_key_jwt' : 'none',
    ...(isConfidential ? { jwks: { keys: keys.map((key) => ({ ...key })) } } : {}),
    redirect_uris: [...redirects],
    post_logout_redirect_uris: [...logoutRedirects],
    grant_types: [
      ...(isForPeople ? ['authorization_code', 'refresh_token'] : []),
      ...(isConfidential ? ['client_credentials', grants.exchange] : []),
    ],
    response_types: isForPeople ? ['code'] : [],
    dpop_bound_access_tokens: dpop,
    // A program that can sign its requests does so: nothing of them then passes through the person's browser.
    require_pushed_authorization_requests: isConfidential && isForPeople,
  }
}
