import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { SallyportError, Secret } from '@sallyport/core/access'

import { damaged } from './damage.ts'
import type { EncryptionContext } from './envelope.ts'
import { makePrivateFolder, readPrivateFile, replacePrivateFile, requirePrivateFolder } from './private-files.ts'

/** Secrets by name, each with all of its generations. */
export interface Secrets {
  readonly set: (name: string, value: Secret<string>) => number
  readonly use: (name: string, generation?: number) => Secret<string> | undefined
  readonly has: (name: string) => boolean
  readonly names: () => readonly string[]
}

interface Sealer {
  readonly seal: (bytes: Uint8Array, context: EncryptionContext) => Uint8Array
  readonly unseal: (sealed: Uint8Array, context: EncryptionContext) => Uint8Array
}

/** Newest last; the generation is the place plus one. Base64. */
type Generations = readonly string[]

const maxValueBytes = 65_536
const ending = '.json'

/** Reads every secret's file and sees that it opens. Throws `vault.damaged`, naming the file. */
export function openSecrets(folder: string, sealer: Sealer): Secrets {
  if (!existsSync(folder)) makePrivateFolder(folder)
  requirePrivateFolder(folder)
  const known = new Map<string, Generations>()
  const open = (name: string, generations: Generations, generation: number): Secret<string> | undefined => {
    const sealed = generations[generation - 1]
    if (sealed === undefined) return undefined
    const bytes = sealer.unseal(Buffer.from(sealed, 'base64'), contextOf(name, generation))
    return new Secret(Buffer.from(bytes).toString('utf8'))
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(ending))) {
    const path = join(folder, file)
    const name = decodeName(file) ?? file
    const generations = parseFile(path, readPrivateFile(path) ?? '', name)
    try {
      open(name, generations, generations.length)
    } catch {
      throw damaged(path, 'was changed, or was moved here from elsewhere', setAgain(name))
    }
    known.set(name, generations)
  }
  return {
    set: (name, value) => {
      requireName(name)
      const bytes = Buffer.from(value.reveal(), 'utf8')
      if (bytes.length === 0 || bytes.length > maxValueBytes) {
        throw new SallyportError('vault.secret_size', `A secret has 1 to ${maxValueBytes} bytes.`)
      }
      const before = known.get(name) ?? []
      const generation = before.length + 1
      const generations = [...before, Buffer.from(sealer.seal(bytes, contextOf(name, generation))).toString('base64')]
      replacePrivateFile(join(folder, encodeName(name)), formatFile(name, generations))
      known.set(name, generations)
      return generation
    },
    use: (name, generation) => {
      const generations = known.get(name) ?? []
      return open(name, generations, generation ?? generations.length)
    },
    has: (name) => known.has(name),
    names: () => [...known.keys()].toSorted(),
  }
}

function contextOf(name: string, generation: number): EncryptionContext {
  return { purpose: 'secret', name, generation: String(generation) }
}

function requireName(name: string): void {
  if (/^[a-z0-9][a-z0-9._/-]{0,127}$/i.test(name)) return
  const message = 'A secret is named with letters, digits, ".", "_", "-" and "/", at most 128 of them.'
  throw new SallyportError('vault.secret_name', message)
}

/** `stripe-key.json`; a slash is not a folder. */
function encodeName(name: string): string {
  return `${encodeURIComponent(name)}${ending}`
}

/** Undefined for what `encodeName` never writes; no file holds a secret of such a name. */
function decodeName(file: string): string | undefined {
  try {
    return decodeURIComponent(file.slice(0, -ending.length))
  } catch {
    return undefined // `decodeURIComponent` throws nothing but that it is none
  }
}

function formatFile(name: string, generations: Generations): string {
  return `${JSON.stringify({ version: 1, name, generations }, undefined, 1)}\n`
}

function parseFile(path: string, text: string, name: string): Generations {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged(path, 'is not JSON', setAgain(name))
  }
  if (typeof value === 'object' && value !== null && 'version' in value && 'name' in value && 'generations' in value) {
    const { version, generations } = value
    const areTexts = Array.isArray(generations) && generations.every((sealed) => typeof sealed === 'string')
    if (version === 1 && value.name === name && areTexts && generations.length > 0) return generations
  }
  throw damaged(path, 'does not hold the secret it is named for', setAgain(name))
}

function setAgain(name: string): string {
  return `Restore it from a backup, or delete it and set the secret "${name}" again.`
}
