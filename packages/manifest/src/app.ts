import type { IssuerKind, RiskLevel } from '@sallyport/core/identity'
import type { PolicyDocument } from '@sallyport/core/policy'

import type { Devices } from './devices.ts'
import type { Door } from './door.ts'
import type { EventForm } from './event-form.ts'
import type { Guest } from './guest.ts'
import type { Keyed } from './keyed.ts'
import type { AdministrativePower, Assurance, EmbeddedIssuer, Jit, Person, Separation } from './people.ts'
import type { Position } from './position.ts'
import type { SignalStream } from './signals.ts'
import type { Service, TrustDomain } from './service.ts'

/** One thing wrong with a manifest. All are reported at once. */
export interface Fault extends Position {
  /** Stable: `manifest.unknown_key`, `manifest.unresolved_name`, `manifest.wildcard`, … */
  readonly code: string
  readonly message: string
  /** What to write instead. */
  readonly suggestion?: string
  /** The whole file, corrected, where a mechanical correction exists (typographic quotes). */
  readonly corrected?: string
}

/** An IAM document that the manifest names, read and validated. */
export interface AttachedPolicy {
  /** Path as the manifest writes it: `policies/orders.json`. */
  readonly name: string
  readonly document: PolicyDocument
  /** SHA-256 of the file, hex. */
  readonly digest: string
  /** Where each statement of the document begins, in the document's order. */
  readonly statementsAt: readonly Position[]
}

/** `sallyport.yaml`, read and resolved: every name in it stands for something, every default is filled in. */
export interface App {
  readonly name: string
  /** Absolute path of the folder in which the manifest lies. */
  readonly folder: string
  /** SHA-256 over the manifest, every file it names (schemas, policies, key sets) and every `${NAME}` it used, hex. */
  readonly digest: string
  readonly issuers: readonly Issuer[]
  /** Programs outside that may call routes. */
  readonly services?: readonly Service[]
  /** Whose SPIFFE ids count besides the app's own. */
  readonly trust?: readonly TrustDomain[]
  /** Who is believed about the devices that people use. */
  readonly devices?: Devices
  /** Networks whose country no database needs to know: CIDR → ISO 3166-1 alpha-2. They come before any database. */
  readonly locations: readonly { readonly country: string; readonly networks: readonly string[] }[]
  /** A database of countries in MaxMind's format, in place of the one that comes along; `none` for none at all. */
  readonly countries?: { readonly name: string; readonly bytes: Uint8Array } | 'none'
  readonly people: readonly Role[]
  readonly zones: readonly Zone[]
  readonly doors: readonly Door[]
  readonly secrets: readonly SecretDeclaration[]
  readonly tables: readonly Table[]
  readonly functions: readonly FunctionDeclaration[]
  /** Documents under `guardrails`: they hold denies only, and are asked for every request. */
  readonly guardrailPolicies?: readonly AttachedPolicy[]
  /** Transmitters of shared signals, and whose people they speak of. */
  readonly signals?: readonly SignalStream[]
  /** Accounts that belong to one person; nobody approves with one what was asked with another. */
  readonly persons?: readonly Person[]
  /** Address that is told of every request for elevation. */
  readonly elevationWebhook?: string
  /** Roles that nobody may unite. */
  readonly separations?: readonly Separation[]
  /** Guest policies; each narrows what everything else allows. */
  readonly guests?: readonly Guest[]
  /** Administrative power → roles that hold it; MFA is always demanded. */
  readonly administration: Readonly<Record<AdministrativePower, readonly string[]>>
  /** What a power demands of a sign-in, beyond MFA. */
  readonly administrationDemands?: Readonly<
    Partial<Record<AdministrativePower, Assurance & { readonly elevated: boolean }>>
  >
  readonly only: readonly Invariant[]
  readonly expect: readonly Expectation[]
}

/** Who vouches for people: the embedded provider, or one outside whose tokens are verified against its keys. */
export type Issuer =
  | EmbeddedIssuer
  | {
      /** A Cognito user pool, as the guide's `authorizer` block declares it. */
      readonly kind: 'cognito'
      readonly name: string
      /** `us-east-1_abc123`. The issuer is `https://cognito-idp.REGION.amazonaws.com/POOL`. */
      readonly userPool: string
      readonly issuer: string
      /** Client ids that may present tokens; empty accepts any client of the pool. */
      readonly clients: readonly string[]
      /** `cognito:groups` value → role; a group of the same name as a role maps to it by itself. */
      readonly groups: Readonly<Record<string, string>>
      /** Absolute path of a JWKS file, in place of the issuer's own address. */
      readonly jwksFile?: string
      /** SHA-256 of that file, hex. */
      readonly jwksDigest?: string
    }
  | {
      readonly kind: 'oidc'
      readonly name: string
      readonly issuer: string
      readonly audience: string
      /** How it words its tokens; by RFC 9068 when absent. */
      readonly type?: IssuerKind
      /** The claim that lists roles; that of its type when absent. */
      readonly rolesClaim?: string
      /** Claim → values, of which a token must have one. */
      readonly only?: Readonly<Record<string, readonly string[]>>
      /** Roles that everybody has whom this issuer vouches for. */
      readonly holds?: readonly string[]
      /** Scopes that a token must have, all of them. */
      readonly scopes?: readonly string[]
      /** Where it says that its tokens may be exchanged for bound ones; absent where they may not. */
      readonly exchangeAt?: Position
      readonly jwksFile?: string
      readonly jwksDigest?: string
    }

/** A role under `people`, with what its holders must meet before it counts anywhere. */
export interface Role {
  readonly name: string
  readonly mfa: boolean
  /** Country codes the role may come from; empty means anywhere. */
  readonly countries: readonly string[]
  /** True when only an enrolled device will do. */
  readonly managedDevice: boolean
  readonly jit?: Jit
  /** True when the role counts only while every signal stream about its holder's issuer is heard in time. */
  readonly freshSignals?: boolean
  /** The highest risk that a signal stream may see in its holder; any when absent. */
  readonly maxRisk?: RiskLevel
  /** Roles as which its holders count as well, where they meet the demands of both. */
  readonly includes?: readonly string[]
  readonly at: Position
}

/** A segment of the app. What is not written under `from` may not call in, whatever else allows it. */
export interface Zone {
  readonly name: string
  /** Zones that may call in, and `internet`. */
  readonly from: readonly string[]
  readonly at: Position
}

/**
 * The name of a secret that doors may use. Its value lives in the vault and never in a manifest; `rotateMs` is how old
 * a value may grow.
 */
export interface SecretDeclaration {
  readonly name: string
  readonly rotateMs?: number
  readonly at: Position
}

/** A DynamoDB table that functions may be granted verbs on. */
export interface Table extends Keyed {
  /** The DynamoDB table name. */
  readonly dynamodb: string
  readonly region: string
  readonly account: string
  readonly arn: string
  /** Its secondary indexes, global and local ones alike. */
  readonly indexes?: readonly Keyed[]
  /** Key columns that are numbers; the others are text. */
  readonly numbers?: readonly string[]
  /** Endpoint to forward to; absent means the embedded dynalite. */
  readonly endpoint?: string
  readonly at: Position
}

/** One function: its code, who may call it, and all that it may reach. Without a line here it reaches nothing. */
export interface FunctionDeclaration {
  readonly name: string
  readonly zone: string
  readonly arn: string
  /** Where it runs when not in a box of ours; `code`, `runtime`, `boxes.min` and `memoryMb` then mean nothing. */
  readonly elsewhere?: Elsewhere
  /** What runs it here when not the usual box alone: `workerd` inside of one, or a box with gVisor's own kernel. */
  readonly engine?: 'workerd' | 'gvisor'
  /** Absolute path of the entry module, or of a folder that is taken as it stands; empty for what runs elsewhere. */
  readonly code: string
  readonly runtime: 'node' | 'python' | 'bootstrap'
  /** Which function of it, as written; found by its usual names when absent. */
  readonly handler?: string
  /** Absolute paths of folders laid over each other at /opt. */
  readonly layers: readonly string[]
  readonly boxes: BoxCounts
  readonly routes: readonly Route[]
  readonly offers: readonly string[]
  readonly event?: EventForm
  readonly can: readonly Permission[]
  /** IAM documents under `policies`, attached to the function's identity beside what `can` compiles to. */
  readonly identityPolicies?: readonly AttachedPolicy[]
  readonly environment: Readonly<Record<string, string>>
  readonly reuse: 'never' | 'user' | 'shared'
  readonly timeoutMs: number
  readonly memoryMb: number
  /** Of /tmp, beside `memoryMb`; a small one within it when absent. */
  readonly tmpMb?: number
  readonly at: Position
}

/** A machine that is not ours, on which a function runs: we can say whom it serves, not what it does. */
export type Elsewhere = {
  /** What a ticket names in place of a digest of the code. */
  readonly version: string
  /** True when the address may lie in a private network. */
  readonly privateUpstream: boolean
  /** An attempt that failed on the way may be made again. */
  readonly idempotent: boolean
} & (
  | {
      readonly engine: 'http'
      /** Where it is called: HTTPS, or plain HTTP on loopback. Path and query stand as written. */
      readonly url: string
    }
  | {
      readonly engine: 'lambda'
      /** The function's name there; `version` is the qualifier. */
      readonly functionName: string
      readonly region: string
      /** Origin of the service's address. */
      readonly endpoint: string
    }
)

/** How many boxes a function may have, and how long they wait. */
export interface BoxCounts {
  /** Ready ahead of need. */
  readonly min: number
  /** Alive at once. */
  readonly max: number
  /** How long an unused box beyond `min` stays. */
  readonly idleMs: number
  /** Calls that may wait for a box; the next one is refused. */
  readonly queue: number
}

/** A way in from outside to one function, and who may take it. */
export interface Route {
  /** `POST /orders/:id/refund`, as written. */
  readonly key: string
  readonly method: string
  readonly path: string
  readonly who: readonly string[]
  /** True when `who: [anyone]`: no credential is needed. */
  readonly anyone: boolean
  /** The parsed JSON Schema of the body. */
  readonly bodySchema?: unknown
  /** Path of the schema as the manifest writes it, and the SHA-256 of the file. */
  readonly bodySchemaFile?: { readonly path: string; readonly digest: string }
  /** Calls per interval for one subject. */
  readonly limit?: { readonly calls: number; readonly perMs: number }
  readonly maxBodyBytes: number
  /** What it demands of a sign-in, whatever the caller's role demands; absent where it demands nothing. */
  readonly assurance?: Assurance
  readonly arn: string
  readonly at: Position
}

/** One line under `can`: a thing, and what may be done with it. */
export type Permission =
  | {
      readonly kind: 'function' | 'door'
      readonly target: string
      readonly operation: string
      /** Roles one of which the transaction's user must hold, with every proof that it needs; empty for anybody. */
      readonly forRoles: readonly string[]
      readonly at: Position
    }
  | {
      readonly kind: 'table'
      readonly target: string
      /** `get`, `put`, `update`, `query`, `delete`, `scan`. */
      readonly verb: string
      /** `own`: only rows whose partition key is the transaction's user. `any`: all rows. */
      readonly rows: 'own' | 'any'
      /** Roles of the transaction's user for whom all rows are open although `rows` is `own`. */
      readonly exceptRoles: readonly string[]
      /** For `update`: the only columns that may be written, besides the key; empty means all. */
      readonly columns: readonly string[]
      readonly at: Position
    }

/** `storefront, orders -> payments`: these, and nobody else, ever. */
export interface Invariant {
  readonly text: string
  readonly subjects: readonly string[]
  readonly object: string
  readonly at: Position
}

/** `admin+mfa+jit -> POST /orders/o1/refund` under `allow` or `deny`. */
export interface Expectation extends Pick<Invariant, 'text' | 'object' | 'at'> {
  readonly effect: 'allow' | 'deny'
  readonly subject: string
}
