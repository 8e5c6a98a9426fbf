import 'reflect-metadata'

import { randomBytes } from 'node:crypto'

import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

import {
  createDevelopmentUsers,
  createMemoryStore,
  createUserStore,
  type DevelopmentSignIn,
  type IdentityProvider,
  type SealedStore,
  type SignInEvent,
  startIdentityProvider,
  type UserStore,
} from '../index.ts'

/** A provider on a free port with its own certificate, and how to sign in there. */
export interface TestProvider extends IdentityProvider {
  readonly caPem: string
  readonly audience: string
  readonly users: UserStore
  readonly store: SealedStore
  readonly signIn: Readonly<Record<string, DevelopmentSignIn>>
  readonly events: readonly SignInEvent[]
}

const roles = { alice: ['customer'], bob: ['customer'], sam: ['support'], ada: ['admin'], eve: [] }

/** Tests only. `clock` moves the provider's own time; the library and the client keep the real one. */
export async function startTestProvider(options: {
  readonly nowSeconds?: () => number
  readonly store?: SealedStore
  readonly report?: (event: SignInEvent) => void
} = {}): Promise<TestProvider> {
  const { nowSeconds = () => Math.floor(Date.now() / 1_000) } = options
  const store = options.store ?? createMemoryStore(nowSeconds)
  const users = createUserStore(store)
  const made = await createDevelopmentUsers(roles, { random: randomBytes, app: 'checkout' })
  for (const user of made.users) users.put(user)
  const events: SignInEvent[] = []
  const tls = await selfSigned()
  const audience = 'urn:sallyport:checkout'
  const provider = await startIdentityProvider({
    issuerUrl: 'https://127.0.0.1:0',
    tls,
    host: '127.0.0.1',
    port: 0,
    users,
    sealedStore: store,
    nowSeconds,
    random: randomBytes,
    audience,
    app: 'checkout',
    report: (event) => {
      events.push(event)
      options.report?.(event)
    },
  })
  return { ...provider, caPem: tls.cert, audience, users, store, signIn: made.signIn.users, events }
}

async function selfSigned(): Promise<{ readonly key: string; readonly cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
  return { key, cert: certificate.toString('pem') }
}
