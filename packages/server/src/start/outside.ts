import { resolve } from 'node:path'
import { isIP } from 'node:net'

import { SallyportError } from '@sallyport/core/access'

/** How the gateway is reached from outside of this machine. */
export interface Outside {
  /** `shop.example`: what clients ask for, and what the certificate speaks for. */
  readonly name: string
  /** The address to listen at; loopback unless said. */
  readonly listen: string
  readonly certificate:
    | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
    | { readonly kind: 'acme'; readonly directory: string; readonly port: number; readonly caFile?: string }
}

/** The flags as they were written. */
export interface OutsideFlags {
  readonly name?: string | undefined
  readonly listen?: string | undefined
  readonly certificate?: string | undefined
  readonly 'certificate-key'?: string | undefined
  readonly acme?: string | undefined
  readonly 'acme-port'?: string | undefined
  readonly 'acme-ca'?: string | undefined
}

const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/

/** Undefined where no name was given. `fail` makes the error of a flag that does not fit. */
export function readOutside(flags: OutsideFlags, fail: (why: string) => SallyportError): Outside | undefined {
  const { name, listen = '127.0.0.1', acme } = flags
  if (name === undefined) {
    const [stray] = Object.entries(flags).find(([, value]) => value !== undefined) ?? []
    if (stray !== undefined) throw fail(`\`--${stray}\` needs \`--name\`.`)
    return undefined
  }
  if (!hostName.test(name)) throw fail(`${name} is not a public host name in lower case.`)
  if (isIP(listen) === 0) throw fail('`--listen` is an address.')
  const certificate = acme === undefined ? readFiles(flags, fail) : readAcme(flags, acme, fail)
  return { name, listen, certificate }
}

function readFiles(flags: OutsideFlags, fail: (why: string) => SallyportError): Outside['certificate'] {
  const { certificate, 'certificate-key': key } = flags
  if (certificate === undefined || key === undefined) {
    throw fail('`--name` needs `--acme`, or `--certificate` and `--certificate-key`.')
  }
  if (flags['acme-port'] !== undefined || flags['acme-ca'] !== undefined) throw fail('These flags need `--acme`.')
  return { kind: 'files', certificate: resolve(certificate), key: resolve(key) }
}

function readAcme(
  flags: OutsideFlags,
  directory: string,
  fail: (why: string) => SallyportError,
): Outside['certificate'] {
  if (flags.certificate !== undefined || flags['certificate-key'] !== undefined) {
    throw fail('`--acme` orders the certificate that `--certificate` would read.')
  }
  if (!URL.canParse(directory) || new URL(directory).protocol !== 'https:') throw fail('`--acme` is an https address.')
  const port = Number(flags['acme-port'] ?? '80')
  if (!/^\d{1,5}$/.test(flags['acme-port'] ?? '80') || port === 0 || port > 65_535) throw fail('No such `--acme-port`.')
  const ca = flags['acme-ca']
  return { kind: 'acme', directory, port, ...(ca === undefined ? {} : { caFile: resolve(ca) }) }
}

/** The flags again, for a command to be pasted. */
export function outsideWords(outside: Outside | undefined): readonly string[] {
  if (outside === undefined) return []
  const { name, listen, certificate } = outside
  const words = ['--name', name, ...(listen === '127.0.0.1' ? [] : ['--listen', listen])]
  if (certificate.kind === 'files') {
    return [...words, '--certificate', certificate.certificate, '--certificate-key', certificate.key]
  }
  const { directory, port, caFile } = certificate
  return [
    ...words,
    '--acme',
    directory,
    ...(port === 80 ? [] : ['--acme-port', String(port)]),
    ...(caFile === undefined ? [] : ['--acme-ca', caFile]),
  ]
}
