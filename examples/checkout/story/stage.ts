import {
  type BoundToken,
  boundTokens,
  command,
  type RunningApp,
  send,
  stepUpIn,
  type Strength,
  tokens,
} from '@sallyport/cli'
import { SallyportError } from '@sallyport/core/access'

/** What the driver keeps of a step: only how to find it in the ledger, and what the caller saw. */
export interface Played {
  /** The id of the decision, as the answer or the refusal named it; absent where a command did it. */
  readonly id?: string
  /** Where no id came back: the resource that the newest decision of this kind is about. */
  readonly resource?: string
  readonly status?: number
  readonly text: string
}

/** Somebody who signs in. */
export interface Person extends Partial<Strength> {
  readonly user: string
  /** Signs in again as a challenge asks, as a good client does (RFC 9470), and calls once more. */
  readonly stepsUp?: boolean
}

/** What the steps can do, and the little that one hands to the next. */
export interface Stage {
  /** Alice's order; known once she has checked out. */
  readonly orderId: string
  keepOrder(answer: string): void
  request(
    person: Person | undefined,
    path: string,
    more?: { readonly body?: object; readonly from?: string },
  ): Promise<Played>
  setSecret(name: string, admin: string): Promise<Played>
  askForElevation(user: string, role: string, reason: string): Promise<Played>
  /** Approves what was asked last. */
  approve(user: string): Promise<Played>
}

/** Sets the stage on a running app. `secrets` are this run's own. */
export function openStage(app: RunningApp, secrets: Readonly<Record<string, string>>): Stage {
  const [token, bound] = [tokens(), boundTokens()]
  const tokenOf = async (user: string, { mfa, device }: Strength): Promise<string | BoundToken> =>
    mfa && device ? bound(app, user) : token(app, user, { mfa, device })
  let orderId = 'none'
  let elevation = 'none'

  async function administer(user: string, path: string, body?: object): Promise<Played> {
    const sent = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }
    try {
      const answer = await app.api.call({ method: 'POST', path, ...sent, person: await bound(app, user) })
      const text = JSON.stringify(answer)
      return { ...idIn(text, /"id":"([0-9a-f]{32})"\}$/), text }
    } catch (error) {
      if (!(error instanceof SallyportError) || error.code !== 'cli.refused') throw error
      return { ...idIn(error.fix ?? '', /why ([0-9a-f]{32})/), text: error.message }
    }
  }

  return {
    get orderId() {
      return orderId
    },
    keepOrder: (answer) => {
      orderId = /"id":"([0-9a-f-]{36})"/.exec(answer)?.[1] ?? 'none'
    },
    request: async (person, path, { body, from } = {}) => {
      const { user, mfa = false, device = false, stepsUp = false } = person ?? {}
      const call = async (strength: Strength): ReturnType<typeof send> =>
        send(app, {
          path,
          ...(user === undefined ? {} : { token: await tokenOf(user, strength) }),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(from === undefined ? {} : { from }),
        })
      const first = await call({ mfa, device })
      const challenge = first.headers['www-authenticate']
      const wanted = stepsUp && typeof challenge === 'string' ? stepUpIn(challenge) : undefined
      const answer = wanted?.acrValues === undefined ? first : await call({ mfa: true, device })
      const header = answer.headers['x-sallyport-id']
      // A refusal further in names its own decision; what was let through all the way is found by the first one.
      const id = answer.status >= 400 ? (answer.id ?? header) : header
      return { ...(typeof id === 'string' ? { id } : {}), status: answer.status, text: answer.text }
    },
    setSecret: async (name, admin) => {
      const { exitCode, stderr } = await command(
        ['secret', 'set', name, '--as', admin, '--app', app.folder],
        secrets[name],
      )
      return { resource: `secret/${name}`, text: exitCode === 0 ? '' : stderr }
    },
    askForElevation: async (user, role, reason) => {
      const played = await administer(user, '/v1/elevation', { role, reason })
      elevation = /"request":\{"id":"([^"]+)"/.exec(played.text)?.[1] ?? 'none'
      return played
    },
    approve: (user) => administer(user, `/v1/elevation/${elevation}/approve`),
  }
}

function idIn(text: string, pattern: RegExp): { readonly id?: string } {
  const id = pattern.exec(text)?.[1]
  return id === undefined ? {} : { id }
}
