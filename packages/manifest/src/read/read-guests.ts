import { duplicateMember } from '@sallyport/core/json'

import type { App } from '../app.ts'
import type { Position } from '../position.ts'
import type { Guest, GuestScope } from '../guest.ts'
import { describeObject } from '../ask/describe-ask.ts'
import { guestKinds } from '../compile/guests.ts'
import { child, entriesOf, textOf, textsOf, type Entry, type Node } from '../source/node.ts'
import { didYouMean } from '../source/suggest.ts'
import { parseDurationMs } from '../source/units.ts'
import { engineOf, guestNameOf } from './guest-file.ts'
import type { Reading } from './reading.ts'

const maxPolicyBytes = { opa: 8 * 1024 * 1024, cedar: 1024 * 1024 }
const maxDataCharacters = 1024 * 1024
const maxGuests = 8
const maxDeadlineMs = 5000

/** One place where a guest policy is named. */
interface Named {
  readonly file: string
  readonly at: Position
  /** The function under whose `policies` it stands. */
  readonly by?: string
}

/**
 * The guests that `guardrails`, `policies` of functions and `guests` name. `app` is what else the manifest says, for
 * a guest may be asked about one thing alone.
 */
export function readGuests(root: Node, app: App, reading: Reading): readonly Guest[] {
  const { faults } = reading
  const options = entriesOf(child(root, 'guests'))
  const places = [...placesOf(root), ...options.flatMap(ownPlace)]
  const byName = Map.groupBy(places, ({ file }) => guestNameOf(file))
  for (const { key, keyAt } of options) {
    if (!byName.has(key)) {
      const known = [...byName.keys()]
      const message = `guests.${key} names no policy, and none is called so.`
      faults.add('manifest.unresolved_name', keyAt, message, didYouMean(key, known) ?? 'policy: policies/….wasm')
    }
  }
  const guests = [...byName].flatMap(([name, named]) => {
    const entry = options.find(({ key }) => key === name)
    const guest = readGuest(name, named, entry, app, reading)
    return guest === undefined ? [] : [guest]
  })
  const [surplus] = guests.slice(maxGuests)
  if (surplus !== undefined) {
    faults.add('manifest.too_large', surplus.at, `There are ${guests.length} guests; the limit is ${maxGuests}.`)
  }
  return guests
}

function placesOf(root: Node): readonly Named[] {
  const guests = (list: Node | undefined): readonly Named[] =>
    textsOf(list).flatMap(({ text, at }) => (engineOf(text) === undefined ? [] : [{ file: text, at }]))
  return [
    ...guests(child(root, 'guardrails')),
    ...entriesOf(child(root, 'functions')).flatMap(({ key, value }) =>
      guests(child(value, 'policies')).map((named) => ({ ...named, by: key })),
    ),
  ]
}

function ownPlace({ value }: Entry): readonly Named[] {
  const policy = child(value, 'policy')
  const file = textOf(policy)
  return policy === undefined || file === undefined ? [] : [{ file, at: policy.at }]
}

function readGuest(
  name: string,
  named: readonly Named[],
  entry: Entry | undefined,
  app: App,
  reading: Reading,
): Guest | undefined {
  const { faults, files } = reading
  const [{ file, at } = { file: '', at: { file: '', line: 1, column: 1 } }] = named
  const other = named.find((one) => one.file !== file)
  if (other !== undefined) {
    const message = `"${file}" and "${other.file}" would both be the guest ${name}.`
    faults.add('manifest.duplicate_name', other.at, message, 'give one of the files another name')
  }
  const engine = engineOf(file)
  if (engine === undefined || !/^[a-z][a-z0-9-]{0,62}$/.test(name) || (entry !== undefined && entry.key !== name)) {
    const message = `"${file}" is no guest policy: NAME.wasm (OPA) or NAME.cedar, of lower-case letters and digits.`
    faults.add('manifest.guest_policy', at, message)
    return undefined
  }
  const policy = files.readBytes(file, at, faults)
  if (policy === undefined) return undefined
  const wrong = unlike(engine, policy.bytes)
  if (wrong !== undefined) faults.add('manifest.guest_policy', at, `${file}: ${wrong}.`)
  const deadline = child(entry?.value, 'deadline')
  const deadlineMs = parseDurationMs(textOf(deadline) ?? '1s') ?? 1000
  if (deadlineMs > maxDeadlineMs) {
    faults.add('manifest.wrong_type', deadline?.at ?? at, `guests.${name}.deadline is at most ${maxDeadlineMs} ms.`)
  }
  const memory = child(entry?.value, 'memory')
  const everywhere = named.some(({ by }) => by === undefined)
  return {
    name,
    engine,
    file,
    bytes: policy.bytes,
    digest: policy.digest,
    entrypoint: textOf(child(entry?.value, 'entrypoint')) ?? 'sallyport/allow',
    ...readData(name, engine, entry, reading),
    asks: textsOf(child(entry?.value, 'asks')).flatMap((item) => readScope(app, item, reading)),
    ...(everywhere ? {} : { of: [...new Set(named.flatMap(({ by }) => by ?? []))] }),
    deadlineMs,
    memoryMb: memory?.kind === 'number' ? memory.value : engine === 'opa' ? 32 : 64,
    at,
  }
}

/** What shows at a glance; whether its engine takes it shows when it is loaded. */
function unlike(engine: Guest['engine'], bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > maxPolicyBytes[engine]) {
    return `it has ${bytes.byteLength} bytes, and the limit is ${maxPolicyBytes[engine]}`
  }
  if (engine === 'cedar') return isText(bytes) ? undefined : 'it is no UTF-8 text'
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] // WebAssembly Core Specification §5.5.16
  return magic.every((byte, index) => bytes[index] === byte) ? undefined : 'it is no WebAssembly module'
}

function isText(bytes: Uint8Array): boolean {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim() !== ''
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

function readData(
  name: string,
  engine: Guest['engine'],
  entry: Entry | undefined,
  { faults, files }: Reading,
): Pick<Guest, 'data'> {
  for (const key of ['data', 'entrypoint']) {
    const option = child(entry?.value, key)
    if (option === undefined || engine === 'opa') continue
    faults.add('manifest.guest_policy', option.at, `guests.${name}.${key} is an option of OPA, and this is Cedar.`)
  }
  const data = child(entry?.value, 'data')
  const dataName = textOf(data)
  if (data === undefined || dataName === undefined) return {}
  const file = files.read(dataName, data.at, faults)
  if (file === undefined) return {}
  if (file.text.length > maxDataCharacters || !isJsonObject(file.text)) {
    const message = `${dataName} is not a JSON object of at most ${maxDataCharacters} characters.`
    faults.add('manifest.guest_policy', data.at, message)
  }
  return { data: { file: dataName, text: file.text, digest: file.digest } }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && duplicateMember(text) === undefined
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function readScope(
  app: App,
  { text, at }: { readonly text: string; readonly at: Position },
  { faults }: Reading,
): readonly GuestScope[] {
  const kind = Object.hasOwn(guestKinds, text) ? guestKinds[text] : undefined
  if (kind !== undefined) return kind.map((action) => ({ text, action }))
  const object = describeObject(app, text)
  if (object.kind === 'objects') return object.objects.map(({ action, resource }) => ({ text, action, resource }))
  const suggestion = object.kind === 'unknown' ? object.suggestion : undefined
  const known = `known: ${Object.keys(guestKinds).join(', ')}, or a route, function, door, table or zone`
  faults.add('manifest.unresolved_name', at, object.message, suggestion ?? known)
  return []
}
