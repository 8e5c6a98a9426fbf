import type { App, Fault } from '../app.ts'
import { compileApp, type CompiledApp } from '../compile/compile-app.ts'
import type { Surroundings } from '../read/files.ts'
import { loadManifest } from '../read/load-manifest.ts'
import { checkCeilings } from './ceilings.ts'
import { checkInvariants } from './invariants.ts'
import { type AskGuests, runExpectations, runExpectationsWith } from './expectations.ts'

/** An app fit to be put into force, or every reason why not, each with its place in the manifest. */
export type LoadedApp =
  | { readonly ok: true; readonly app: App; readonly compiled: CompiledApp }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/**
 * Reads, compiles and checks an app. A manifest whose own statements do not hold is not put into force. Where there
 * are guests, load it with `checkApp` in their presence: here they are not asked, and so allow nothing.
 */
export function loadApp(folder: string, surroundings: Surroundings): LoadedApp {
  const loaded = loadManifest(folder, surroundings)
  if (!loaded.ok) return loaded
  const compiled = compileApp(loaded.app)
  const faults = [
    ...checkCeilings(compiled, loaded.app),
    ...checkInvariants(compiled, loaded.app),
    ...runExpectations(compiled, loaded.app),
  ]
  return faults.length > 0 ? { ok: false, faults } : { ok: true, app: loaded.app, compiled }
}

/** Compiles and checks an app that was read, its worked examples in the presence of its guests. */
export async function checkApp(app: App, askGuests: AskGuests): Promise<LoadedApp> {
  const compiled = compileApp(app)
  const faults = [
    ...checkCeilings(compiled, app),
    ...checkInvariants(compiled, app),
    ...(await runExpectationsWith(compiled, app, askGuests)),
  ]
  return faults.length > 0 ? { ok: false, faults } : { ok: true, app, compiled }
}
