import { SallyportError, type SignalRecord } from '@sallyport/core/access'
import { enforce } from '@sallyport/core/enforcement'
import { createKeySet, parseKeyAddress } from '@sallyport/core/identity'
import type { App, SignalStream } from '@sallyport/manifest'

import type { OwnEndpoint } from './gateway/index.ts'
import type { KeptState } from './kept-state.ts'
import { type EmbeddedProvider, keysOfStream } from './app/index.ts'
import { nowSeconds, postDocument } from './operation/index.ts'
import {
  type OpenStream,
  pollStream,
  pushPath,
  signalGate,
  type SignalRooms,
  takePush,
  type Verdict,
} from './signals/index.ts'

/** The streams that are listened to. */
export interface Listening {
  /** What the gateway answers itself: the addresses that transmitters push to. */
  readonly own: (method: string, path: string) => OwnEndpoint | undefined
  /** Listens to the streams of another manifest, and no more to those of the last one. */
  readonly listenTo: (app: App) => void
  readonly close: () => void
}

/** What listening needs beside what the gate does. */
export interface ListeningOptions extends Omit<SignalRooms, 'standing' | 'app' | 'revoke' | 'append' | 'onFailure'> {
  readonly kept: KeptState
  readonly provider: EmbeddedProvider
  readonly loopback: boolean
  readonly trouble: (cause: unknown) => void
}

const maxTokenBytes = 64 * 1024

/** Opens the third door to the transmitters that the manifest names. */
export function openListening(first: App, options: ListeningOptions): Listening {
  const { kept, provider, loopback, trouble } = options
  let app = first
  let ending = new AbortController()
  let streams: ReadonlyMap<string, OpenStream> = new Map()
  const gate = signalGate({
    ...options,
    app: () => app.name,
    standing: kept.standing,
    revoke: kept.administration.revoke,
    append: (record: SignalRecord, durability) => kept.ledger.append(record, durability),
    onFailure: trouble,
  })
  // What goes wrong in the walk itself is no verdict: the transmitter keeps the event.
  const deliverTo =
    (stream: OpenStream) =>
    (token: string): Promise<Verdict> =>
      enforce({ stream, token }, gate).catch((cause: unknown) => {
        trouble(cause)
        return { kind: 'unavailable' }
      })

  function open(stream: SignalStream): OpenStream {
    const { name, of, transmitter, audience } = stream
    const keys = createKeySet({ source: keysOfStream(stream, loopback), nowSeconds, onTrouble: trouble })
    const about = { issuerName: of, issuer: issuerAddress(app, of, provider) }
    return { name, about, trust: { issuer: transmitter, audience, keys } }
  }

  function poll(stream: SignalStream, opened: OpenStream, address: string): void {
    const { name, secret } = stream
    void pollStream({
      ask: async (body, signal) => {
        const bearer = secret === undefined ? undefined : kept.vault.useSecret(secret)
        if (secret !== undefined && bearer === undefined) {
          throw new SallyportError('secret.missing', `The signals of ${name} are not polled: ${secret} is not set.`)
        }
        const url = parseKeyAddress(address, loopback)
        return postDocument(url, { body, signal, loopback, ...(bearer === undefined ? {} : { bearer }) })
      },
      deliver: deliverTo(opened),
      heard: () => kept.standing.heard(name),
      onTrouble: trouble,
      signal: ending.signal,
    })
  }

  function listenTo(next: App): void {
    ending.abort()
    ending = new AbortController()
    app = next
    const declared = next.signals ?? []
    streams = new Map(declared.map((stream) => [stream.name, open(stream)]))
    for (const stream of declared) {
      const opened = streams.get(stream.name)
      if (opened !== undefined && stream.poll !== undefined) poll(stream, opened, stream.poll)
    }
  }
  listenTo(first)

  return {
    own: (_method, path) => {
      const stream = [...streams.values()].find(({ name }) => pushPath(name) === path)
      if (stream === undefined || isPolled(app, stream.name)) return undefined
      return { maxBodyBytes: maxTokenBytes, answer: (request) => takePush(request, deliverTo(stream)) }
    },
    listenTo,
    close: () => ending.abort(),
  }
}

/** Whoever polls a stream does not let others push it. */
function isPolled({ signals = [] }: App, name: string): boolean {
  return signals.some((stream) => stream.name === name && stream.poll !== undefined)
}

function issuerAddress({ issuers }: App, of: string, provider: EmbeddedProvider): string {
  const issuer = issuers.find((one) => one.kind !== 'embedded' && one.name === of)
  return issuer === undefined || issuer.kind === 'embedded' ? provider.issuerUrl : issuer.issuer
}
