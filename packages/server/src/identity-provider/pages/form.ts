import type { IncomingMessage } from 'node:http'

const maxFormBytes = 16_384

/** The fields of one posted form, or the HTTP status that refuses it. */
export type Form = ReadonlyMap<string, string> | { readonly status: 400 | 403 | 413 | 415 }

/**
 * Reads a posted form. Adversary: another site that posts one with the visitor's cookies (the cookie is SameSite=Lax
 * and the Origin must be ours), and who sends fields twice or without end.
 */
export async function readForm(request: IncomingMessage, origin: string): Promise<Form> {
  const { 'content-type': type = '', origin: from, 'sec-fetch-site': site } = request.headers
  if (from !== undefined && from !== origin) return { status: 403 }
  if (site !== undefined && site !== 'same-origin') return { status: 403 }
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return { status: 415 }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) return { status: 400 }
    size += chunk.length
    if (size > maxFormBytes) return { status: 413 }
    chunks.push(chunk)
  }
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString('utf8'))) {
    if (fields.has(name)) return { status: 400 }
    fields.set(name, value)
  }
  return fields
}
