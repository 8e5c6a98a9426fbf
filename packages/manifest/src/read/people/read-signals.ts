import type { App, Issuer } from '../../app.ts'
import type { SignalStream } from '../../signals.ts'
import { showPosition, type Faults } from '../../source/faults.ts'
import { child, entriesOf, type Node, textOf } from '../../source/node.ts'
import { parseDurationMs } from '../../source/units.ts'
import { readAddress } from '../address.ts'
import { keySetFile } from './read-issuers.ts'
import { resolve, type Reading } from '../reading.ts'

const usualSilenceMs = 3_600_000

/** `signals:`; a stream speaks of the people of one declared issuer. */
export function readSignals(
  section: Node | undefined,
  issuers: readonly Issuer[],
  reading: Reading,
): readonly SignalStream[] {
  const { declared, faults } = reading
  const known = issuers.map((issuer) => (issuer.kind === 'embedded' ? issuer.kind : issuer.name))
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const required = (name: string): string => textOf(child(value, name)) ?? '' // reported by the grammar when absent
    const of = child(value, 'of')
    if (of !== undefined) resolve(required('of'), of.at, 'issuer', known, faults)
    const secret = child(value, 'secret')
    const secretName = textOf(secret)
    if (secret !== undefined && secretName !== undefined)
      resolve(secretName, secret.at, 'secret', declared.secrets, faults)
    for (const name of ['transmitter', 'poll']) judgeAddress(key, name, child(value, name), faults)
    const poll = textOf(child(value, 'poll'))
    if (secretName !== undefined && poll === undefined)
      faults.add('manifest.missing_key', keyAt, `signals.${key} has a secret and no "poll" where it is shown.`)
    return {
      name: key,
      of: required('of'),
      transmitter: required('transmitter'),
      audience: required('audience'),
      ...keySetFile(value, reading),
      ...(poll === undefined ? {} : { poll }),
      ...(secretName === undefined ? {} : { secret: secretName }),
      silenceMs: parseDurationMs(textOf(child(value, 'silence')) ?? '') ?? usualSilenceMs,
      at: keyAt,
    }
  })
}

/** The origin is judged as a door's is; the path is part of the address. */
function judgeAddress(stream: string, name: string, node: Node | undefined, faults: Faults): void {
  const text = textOf(node)
  if (node === undefined || text === undefined) return
  const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(text)?.[0] ?? text)
  if (address.kind === 'refused')
    faults.add('manifest.insecure_upstream', node.at, `signals.${stream}.${name}: ${address.why}.`, address.suggestion)
}

/** A role that waits for signals which nobody sends would never count. */
export function checkStanding({ people, signals = [] }: Pick<App, 'people' | 'signals'>, faults: Faults): void {
  if (signals.length > 0) return
  for (const role of people) {
    if (role.freshSignals !== true && role.maxRisk === undefined) continue
    const why = `${role.name} (${showPosition(role.at)}) depends on signals, and no stream is declared.`
    faults.add('manifest.missing_key', role.at, why, 'signals: { NAME: { of, transmitter, audience } }')
  }
}
