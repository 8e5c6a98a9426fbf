import { SallyportError } from '@sallyport/core/access'
import type { Elsewhere } from '@sallyport/manifest'

import type { RemoteFunction } from './elsewhere/remote-function.ts'
import type { Engine, EngineName } from './engine.ts'
import type { FunctionImage } from './image.ts'
import type { Invocation, InvocationResult } from './invocation.ts'

/** A function as it is put into service: built, for a box; or called where it is. */
export type Deployed = FunctionImage | RemoteFunction

/** What records call the engine of a function. `workerd` and `gvisor` are the box engine's own. */
type Place = EngineName | 'workerd' | 'gvisor'

/** What the banner says of engines that are the box's own. */
const within: Readonly<Partial<Record<Place, string>>> = {
  gvisor: 'gvisor: a kernel of its own for each box',
  workerd: 'workerd: inside the box',
}

/** One engine for each place where functions run. */
export interface EngineSet {
  readonly box: Engine
  readonly http: Engine<RemoteFunction<Extract<Elsewhere, { engine: 'http' }>>>
  readonly lambda: Engine<RemoteFunction<Extract<Elsewhere, { engine: 'lambda' }>>>
}

/** All engines as one. */
export interface Engines {
  /** For the banner: every engine that has a function, the box first. */
  description(): string
  /** `http (cooperative)`: the engine that runs a function, and its strength. That of boxes for an unknown name. */
  isolationOf(functionName: string): string
  deploy(deployed: readonly Deployed[]): Promise<void>
  /** Takes a function out of service at once: whatever runs of it here ends, until it is deployed again. */
  withdraw(functionName: string): Promise<void>
  invoke(invocation: Invocation): Promise<InvocationResult>
  close(): Promise<void>
}

/** Gives each function to its engine. Whoever changes engines is served by the new one from the next call on. */
export function routeEngines(engines: EngineSet): Engines {
  const places = new Map<string, Place>()
  const nameOf = (functionName: string): EngineName => engineAt(places.get(functionName) ?? 'box')
  return {
    description: () => {
      const named = new Set(places.values())
      const boxes = named.size === 0 || [...named].some((place) => engineAt(place) === 'box')
      const used = new Set<Place>(boxes ? ['box', ...named] : named)
      return [...used].map((place) => within[place] ?? engines[engineAt(place)].description).join('; ')
    },
    isolationOf: (functionName) => {
      const place = places.get(functionName) ?? 'box'
      return `${place} (${engines[engineAt(place)].strength})`
    },
    deploy: async (deployed) => {
      await engines.box.deploy(deployed.filter((one): one is FunctionImage => !('elsewhere' in one)))
      await engines.http.deploy(deployed.filter(isAt('http')))
      await engines.lambda.deploy(deployed.filter(isAt('lambda')))
      for (const one of deployed) places.set(one.name, placeOf(one))
    },
    withdraw: (functionName) => engines[nameOf(functionName)].withdraw(functionName),
    invoke: (invocation) => engines[nameOf(invocation.functionName)].invoke(invocation),
    close: async () => {
      const ended = await Promise.allSettled(
        Object.values(engines).map((engine: { close(): Promise<void> }) => engine.close()),
      )
      const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
      if (failures.length > 0)
        throw new SallyportError('host.close', 'an engine did not end', { cause: new AggregateError(failures) })
    },
  }
}

function placeOf(one: Deployed): Place {
  if ('elsewhere' in one) return one.elsewhere.engine
  if (one.runsc !== undefined) return 'gvisor'
  return one.runtime === 'workerd' ? 'workerd' : 'box'
}

function engineAt(place: Place): EngineName {
  return place === 'workerd' || place === 'gvisor' ? 'box' : place
}

function isAt<Name extends Elsewhere['engine']>(name: Name) {
  return (one: Deployed): one is RemoteFunction<Extract<Elsewhere, { engine: Name }>> =>
    'elsewhere' in one && one.elsewhere.engine === name
}
