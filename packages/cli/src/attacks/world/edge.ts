import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { isRecord } from '../../local-api.ts'
import { type ClientAnswer, type ClientRequest, send } from './client.ts'
import type { RunningApp } from './running-app.ts'
import type { Tokens } from './tokens.ts'

/** One route of the app under attack, and a user of its own issuer who may call it. */
export interface Edge {
  readonly app: RunningApp
  readonly method: string
  /** With its parameters filled in. */
  readonly path: string
  /** What stands in a Host header. */
  readonly authority: string
  readonly user: string
  /** Names of the functions behind the gateway. */
  readonly functions: readonly string[]
  token(): Promise<string>
  /** The route's request; whatever is given replaces its part. */
  call(changes: Partial<ClientRequest>): Promise<ClientAnswer>
}

/**
 * A GET route of the app that a user of its embedded issuer may call without a second factor; where it has none,
 * the hostile app's own route stands in, and the report says so.
 */
export async function chooseEdge(target: RunningApp, hostile: RunningApp, token: Tokens): Promise<Edge> {
  const found = candidate(parse(readFileSync(join(target.folder, 'sallyport.yaml'), 'utf8')) as unknown)
  if (found !== undefined) return edge(target, found, token)
  return edge(
    hostile,
    { method: 'POST', path: '/do', user: 'alice', functions: ['storefront', 'orders', 'payments'] },
    token,
  )
}

type Candidate = Pick<Edge, 'method' | 'path' | 'user' | 'functions'>

function edge(app: RunningApp, { method, path, user, functions }: Candidate, token: Tokens): Edge {
  const body = method === 'GET' ? {} : { body: '{"do":"wait","ms":1}' }
  return {
    app,
    method,
    path,
    user,
    functions,
    authority: new URL(app.gateway).host,
    token: () => token(app, user),
    call: (changes) => send(app, { method, path, ...body, ...changes }),
  }
}

/** Reads just enough of a manifest that a running server has already accepted. */
function candidate(manifest: unknown): Candidate | undefined {
  const at = (value: unknown, key: string): unknown => (isRecord(value) ? value[key] : undefined)
  const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
    isRecord(value) ? Object.entries(value) : []
  const plain = new Set(
    entries(at(manifest, 'people'))
      .filter(
        ([, role]) => at(role, 'mfa') !== true && at(role, 'jit') === undefined && at(role, 'device') === undefined,
      )
      .map(([name]) => name),
  )
  const users = entries(at(at(at(manifest, 'issuers'), 'embedded'), 'users'))
  const functions = entries(at(manifest, 'functions')).map(([name]) => name)
  for (const [, declared] of entries(at(manifest, 'functions'))) {
    for (const [key, route] of entries(at(declared, 'routes'))) {
      const [method = '', template = ''] = key.split(' ')
      const who = at(route, 'who')
      if (method !== 'GET' || !Array.isArray(who)) continue
      const user = users.find(
        ([, roles]) => Array.isArray(roles) && roles.some((role) => plain.has(role) && who.includes(role)),
      )
      if (user === undefined) continue
      return { method, path: template.replaceAll(/:[A-Za-z0-9_]+/g, 'attack-1'), user: user[0], functions }
    }
  }
  return undefined
}
