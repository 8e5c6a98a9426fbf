import { hash, X509Certificate } from 'node:crypto'

import { bundleKeyOf, makeSvid, makeWorkloadRoot, type Svid } from '../certificates/index.ts'
import { type KeyStore, openRotation, type RotationPlan } from './rotation.ts'

/** The app's own workload authority: X.509-SVIDs for its functions. */
export interface WorkloadAuthority {
  /** An SVID with a key of its own, from memory while it is fresh. */
  readonly svidFor: (id: string) => Promise<Svid>
  /** Its roots as members of a SPIFFE bundle, and as DER, the same objects while they stay. */
  readonly bundleKeys: () => readonly Readonly<Record<string, unknown>>[]
  readonly roots: () => readonly Uint8Array[]
  readonly changedAtMs: () => number
  readonly advance: () => Promise<void>
}

const hour = 3_600_000
const day = 24 * hour
const svidLifetimeMs = hour
/** A root's certificate outlives its last SVID by an hour, and whoever was stopped for a month makes another. */
const plan: RotationPlan = { signsForMs: 30 * day, leadMs: day, lingersMs: 2 * hour, maxAgeMs: 60 * day }
/** Functions of one app, each with one SVID in memory. */
const maxSvids = 1_000

/** Opens the authority of a trust domain, or makes it. */
export async function openWorkloadAuthority(options: {
  readonly trustDomain: string
  readonly store: KeyStore
  readonly nowMs: () => number
}): Promise<WorkloadAuthority> {
  const { trustDomain, store, nowMs } = options
  const rotation = await openRotation({
    name: 'workload-root',
    store,
    plan,
    nowMs,
    make: async (signsFromMs) => {
      const root = await makeWorkloadRoot(trustDomain, nowMs(), signsFromMs + (plan.maxAgeMs ?? 0) + 2 * hour)
      const { certificate: published, privatePem } = root
      return { keyId: hash('sha256', published, 'base64url'), published, privatePem }
    },
  })
  const ders = new Map<string, Uint8Array>()
  function derOf(pem: string): Uint8Array {
    const der = ders.get(pem) ?? new Uint8Array(new X509Certificate(pem).raw)
    ders.set(pem, der)
    return der
  }
  const svids = new Map<string, { readonly svid: Promise<Svid>; readonly renewAtMs: number; readonly root: string }>()
  return {
    svidFor: (id) => {
      const { keyId: root, published: certificate, privatePem } = rotation.signing()
      const known = svids.get(id)
      if (known !== undefined && known.root === root && nowMs() < known.renewAtMs) return known.svid
      const svid = makeSvid(id, { certificate, privatePem }, nowMs(), svidLifetimeMs)
      svids.delete(id)
      svids.set(id, { svid, root, renewAtMs: nowMs() + svidLifetimeMs / 2 })
      svid.catch(() => svids.delete(id)) // a failure is not kept
      const [oldest] = svids.keys()
      if (svids.size > maxSvids && oldest !== undefined) svids.delete(oldest)
      return svid
    },
    roots: () => rotation.published().map(({ published }) => derOf(published)),
    bundleKeys: () => rotation.published().map(({ published }) => bundleKeyOf(published)),
    changedAtMs: rotation.changedAtMs,
    advance: rotation.advance,
  }
}
