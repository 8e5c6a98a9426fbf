import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { SallyportError } from '@sallyport/core/access'

import type { Leaf } from './authority.ts'

/**
 * Reads a certificate chain and its key (PEM) from files that others keep. Throws `certificates.files` unless they are
 * one pair that speaks for the name and is in its time: half of a replacement is no pair.
 */
export function readCertificateFiles(
  files: { readonly certificate: string; readonly key: string },
  name: string,
  nowMs: number,
): Omit<Leaf, 'renewAtMs'> {
  const fail = (why: string, cause?: unknown): SallyportError =>
    new SallyportError('certificates.files', `${files.certificate}: ${why}`, { cause })
  try {
    const cert = readFileSync(files.certificate, 'utf8')
    const key = readFileSync(files.key, 'utf8')
    const certificate = new X509Certificate(cert)
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw fail(`${files.key} is not its key.`)
    if (certificate.checkHost(name) === undefined) throw fail(`it does not speak for ${name}.`)
    if (nowMs >= certificate.validToDate.getTime()) throw fail('it has run out.')
    return { cert, key }
  } catch (cause) {
    throw cause instanceof SallyportError ? cause : fail('it cannot be read, or its key cannot.', cause)
  }
}
