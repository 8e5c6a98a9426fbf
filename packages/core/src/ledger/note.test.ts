import { generateKeyPairSync, hash, sign, verify } from 'node:crypto'

import { beforeAll, describe, expect, test } from 'vitest'

import {
  ed25519Signer,
  ed25519Verifier,
  formatCheckpoint,
  formatVerifierKey,
  generateEd25519,
  keyIdOf,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  signNote,
} from './index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const root = sha256(Buffer.from('tree'))
const text = formatCheckpoint({ origin: 'sallyport.local/checkout', size: 18n, root })
let signer: NoteSigner
let verifier: NoteVerifier

beforeAll(async () => {
  const { pkcs8, publicKey } = await generateEd25519()
  signer = await ed25519Signer('sallyport.local/checkout', pkcs8, publicKey)
  verifier = await ed25519Verifier(signer.name, signer.publicKey)
})

async function open(note: string | Uint8Array): Promise<unknown> {
  return openNote(sha256, typeof note === 'string' ? Buffer.from(note) : note, [verifier])
}

describe('signed note', () => {
  test('opens a note that was signed, and tells by whom', async () => {
    expect(await open(await signNote(sha256, text, signer))).toEqual({ text, signedBy: [signer.name] })
  })

  test('passes over a signature by an unknown key with a known name', async () => {
    const stranger = { ...signer, publicKey: signer.publicKey.map((byte) => byte ^ 1) }
    expect(await open(await signNote(sha256, text, stranger))).toEqual({ refusal: 'unsigned' })
    const ours = (await signNote(sha256, text, signer)).slice(text.length + 1)
    const both = (await signNote(sha256, text, stranger)) + ours
    expect(await open(both)).toEqual({ text, signedBy: [signer.name] })
  })

  test('passes over a signature that stands under another name', async () => {
    const note = await signNote(sha256, text, signer)
    expect(await open(note.replace('— sallyport', '— sallypory'))).toEqual({ refusal: 'unsigned' })
  })

  test.each([
    ['a text that does not end', 'origin\n1\nroot', {}],
    ['a text with control characters', 'origin\r\n1\nroot\n', {}],
    ['no name', text, { name: '' }],
    ['a name with a space', text, { name: 'a\u2003b' }],
    ['a name with a plus', text, { name: 'a+b' }],
  ])('is not made of %s', async (_, unfit, changes) => {
    await expect(signNote(sha256, unfit, { ...signer, ...changes })).rejects.toThrow(RangeError)
  })

  test('refuses a changed text and a changed signature', async () => {
    const note = await signNote(sha256, text, signer)
    expect(await open(note.replace('\n18\n', '\n17\n'))).toEqual({ refusal: 'bad-signature' })
    const forged = await signNote(sha256, text, { ...signer, sign: () => new Uint8Array(64) })
    expect(await open(forged)).toEqual({ refusal: 'bad-signature' })
  })

  test.each([
    ['carriage returns', (note: string) => note.replaceAll('\n', '\r\n')],
    ['a control character', (note: string) => `a\u0001\n${note}`],
    ['no last newline', (note: string) => note.slice(0, -1)],
    ['a stray character for the last newline', (note: string) => `${note.slice(0, -1)}A`],
    ['no second word', (note: string) => note.replace(/ [^ ]+\n$/, '\n')],
    ['a plus in its name', (note: string) => note.replace('— sally', '— sally+')],
    ['no empty line', (note: string) => note.replace('\n\n', '\n')],
    ['a hyphen for the dash', (note: string) => note.replace('— ', '- ')],
    ['a third word', (note: string) => `${note.slice(0, -1)} x\n`],
    ['base64 without padding', (note: string) => note.replace(/=+\n$/, '\n')],
    ['an empty signature', (note: string) => note.replace(/ [^ ]+\n$/, ' AAAAAA==\n')],
    ['too many signatures', (note: string) => note + `${note.split('\n\n')[1]}`.repeat(64)],
  ])('reads a note with %s as malformed', async (_, change) => {
    const note = await signNote(sha256, text, signer)
    const changed = change(note)
    expect(changed).not.toBe(note)
    expect(await open(changed)).toEqual({ refusal: 'malformed' })
  })

  test('reads bytes that are not UTF-8 as malformed', async () => {
    const note = await signNote(sha256, `\ufffd\n`, signer)
    expect(await open(note)).toMatchObject({ signedBy: [signer.name] })
    expect(await open(Buffer.concat([Uint8Array.of(0xff), Buffer.from(note).subarray(3)]))).toEqual({
      refusal: 'malformed',
    })
  })

  test('agrees with an independent Ed25519 in both directions', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const theirs: NoteSigner = { name: 'other', publicKey: raw, sign: (message) => sign(null, message, privateKey) }
    const opened = await openNote(sha256, Buffer.from(await signNote(sha256, text, theirs)), [
      await ed25519Verifier('other', raw),
    ])
    expect(opened).toEqual({ text, signedBy: ['other'] })
    const message = Buffer.from(text)
    const prefix = Buffer.from('302a300506032b6570032100', 'hex')
    const key = { key: Buffer.concat([prefix, signer.publicKey]), format: 'der', type: 'spki' } as const
    expect(verify(null, message, key, await signer.sign(message))).toBe(true)
  })
})

describe('verifier key', () => {
  test("reads the key of Go's checksum database: its key id follows from name and key", () => {
    const vkey = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
    const key = parseVerifierKey(sha256, vkey)
    expect(key?.name).toBe('sum.golang.org')
    expect(formatVerifierKey(sha256, key ?? signer)).toBe(vkey)
    expect(Buffer.from(keyIdOf(sha256, 'sum.golang.org', key?.publicKey ?? root)).toString('hex')).toBe('033de0ae')
  })

  test('refuses a key whose id belongs to another name', () => {
    const renamed = formatVerifierKey(sha256, signer).replace('sallyport', 'sallyp0rt')
    expect(parseVerifierKey(sha256, renamed)).toBeUndefined()
    expect(parseVerifierKey(sha256, 'name+00000000+AAAA')).toBeUndefined()
  })
})

describe('a verifier key is none', () => {
  const vkey = (): string => formatVerifierKey(sha256, signer)
  const keyOf = (...bytes: number[]): string => Buffer.from(bytes).toString('base64')
  test.each([
    ['when it is of another algorithm', () => [...vkey().split('+', 2), keyOf(2, ...signer.publicKey)].join('+')],
    ['when it is longer', () => formatVerifierKey(sha256, { name: 'a', publicKey: new Uint8Array(33) })],
    ['when it is shorter', () => formatVerifierKey(sha256, { name: 'a', publicKey: new Uint8Array(31) })],
    ['with text in front', () => `it is ${vkey()}`],
    ['with text behind', () => `${vkey()} it is`],
  ])('%s', (_, make) => {
    expect(parseVerifierKey(sha256, vkey())?.name).toBe(signer.name)
    expect(parseVerifierKey(sha256, make())).toBeUndefined()
  })
})

describe('checkpoint', () => {
  test('reads back what it writes, extension lines or not', () => {
    expect(parseCheckpoint(text)).toEqual({ origin: 'sallyport.local/checkout', size: 18n, root: new Uint8Array(root) })
    expect(parseCheckpoint(`${text}extension\n`)?.size).toBe(18n)
    expect(parseCheckpoint(text.replace('18', '0'))?.size).toBe(0n)
  })

  test.each([
    ['a leading zero', text.replace('18', '018')],
    ['a sign', text.replace('18', '+18')],
    ['a size of 2^64', text.replace('18', '18446744073709551616')],
    ['an empty origin', text.slice(text.indexOf('\n'))],
    ['a short root', formatCheckpoint({ origin: 'o', size: 1n, root: root.slice(1) })],
    ['an empty line', `${text}\n`],
    ['no last newline', text.slice(0, -1)],
    ['an extension that does not end', `${text}extension`],
  ])('refuses %s', (_, bad) => {
    expect(parseCheckpoint(bad)).toBeUndefined()
  })
})
