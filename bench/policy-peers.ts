import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { allowed, type Asked, bucket, type Case, denied, document } from './policy-workload.ts'

/** Where the other engines are installed, apart from what the product needs. */
export const peersFolder: string = join(import.meta.dirname, 'peers')

/** Installs them, where they are not there yet. */
export function installPeers(): void {
  if (existsSync(join(peersFolder, 'node_modules'))) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: peersFolder, stdio: 'inherit' })
}

const peer = createRequire(join(peersFolder, 'package.json'))

// What the peers are asked is their own words for the same thing; they are not typed here.
/* oxlint-disable typescript/no-unsafe-type-assertion */
/** Other engines on the same logical policies, by name. */
export const peers: Readonly<Record<string, (n: number) => Case | Promise<Case>>> = {
  casbin: async (n) => {
    const { newEnforcer, newModelFromString, StringAdapter } = peer('casbin') as {
      newModelFromString(text: string): unknown
      newEnforcer(model: unknown, adapter: unknown): Promise<{ enforceSync(...values: string[]): boolean }>
      StringAdapter: new (text: string) => unknown
    }
    const rules = document(n, bucket).Statement.flatMap(({ Action }, index) =>
      (Action as string[]).map(
        (action) => `p, app, ${bucket(index)}, ${action}, team-${index}, 10.${index % 250}.0.0/16`,
      ),
    )
    const model = newModelFromString(`
[request_definition]
r = sub, obj, act, tag, ip
[policy_definition]
p = sub, obj, act, tag, net
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.tag == p.tag && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act) && ipMatch(r.ip, p.net)
`)
    const enforcer = await newEnforcer(model, new StringAdapter(rules.join('\n')))
    const ask =
      ({ resource, action, tag, ip }: Asked) =>
      () =>
        enforcer.enforceSync('app', resource, action, tag, ip)
    return { allow: ask(allowed(n)), deny: ask(denied(n)) }
  },
  CASL: (n) => {
    const { AbilityBuilder, createMongoAbility, subject } = peer('@casl/ability') as {
      AbilityBuilder: new (make: unknown) => {
        can(action: string, type: string, conditions: object): void
        build(): { can(action: string, thing: unknown): boolean }
      }
      createMongoAbility: unknown
      subject(type: string, object: object): unknown
    }
    const builder = new AbilityBuilder(createMongoAbility)
    for (let index = 0; index < n; index += 1) {
      builder.can('act', 'Thing', {
        action: { $regex: `^svc${index % 40}:(Get|List)` },
        arn: { $regex: `^arn:aws:s3:::bucket-${index}/` },
        tag: `team-${index}`,
        ip: { $regex: `^10\\.${index % 250}\\.` },
      })
    }
    const ability = builder.build()
    const ask = ({ action, resource, tag, ip }: Asked) => {
      return () => ability.can('act', subject('Thing', { action, arn: resource, tag, ip }))
    }
    return { allow: ask(allowed(n)), deny: ask(denied(n)) }
  },
  'cedar-wasm, pre-parsed': (n) => {
    const cedar = peer('@cedar-policy/cedar-wasm/nodejs') as {
      preparsePolicySet(id: string, policies: object): { type: string }
      statefulIsAuthorized(call: object): { type: string; response?: { decision: string } }
    }
    const policies = Array.from(
      { length: n },
      (_, index) =>
        `permit(principal == User::"app", action, resource) when { (context.action like "svc${index % 40}:Get*" || ` +
        `context.action like "svc${index % 40}:List*") && context.arn like "${bucket(index)}" && ` +
        `context.tag == "team-${index}" && context.ip.isInRange(ip("10.${index % 250}.0.0/16")) };`,
    )
    const parsed = cedar.preparsePolicySet('p', { staticPolicies: policies.join('\n') })
    if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
    const ask = ({ action, resource, tag, ip }: Asked) => {
      const call = {
        principal: { type: 'User', id: 'app' },
        action: { type: 'Action', id: 'act' },
        resource: { type: 'Thing', id: 'thing' },
        context: { action, arn: resource, tag, ip: { __extn: { fn: 'ip', arg: ip } } },
        preparsedPolicySetId: 'p',
        entities: [],
      }
      return () => {
        const answer = cedar.statefulIsAuthorized(call)
        if (answer.type !== 'success') throw new Error(JSON.stringify(answer))
        return answer.response?.decision === 'allow'
      }
    }
    return { allow: ask(allowed(n)), deny: ask(denied(n)) }
  },
  'opa-wasm, policies as data': async (n) => {
    const { loadPolicy } = peer('@open-policy-agent/opa-wasm') as {
      loadPolicy(
        wasm: Uint8Array,
        memory: { readonly initial: number },
      ): Promise<{
        setData(data: object): void
        evaluate(input: object): readonly { readonly result: boolean }[]
      }>
    }
    const policies = document(n, bucket).Statement.map(({ Action }, index) => ({
      actions: (Action as string[]).map((action) => action.slice(0, -1)),
      prefix: bucket(index).slice(0, -1),
      tag: `team-${index}`,
      net: `10.${index % 250}.0.0/16`,
    }))
    const policy = await loadPolicy(compileRego(), { initial: 64 + n })
    policy.setData({ policies })
    const ask =
      ({ resource, action, tag, ip }: Asked) =>
      () =>
        policy.evaluate({ action, arn: resource, tag, ip })[0]?.result === true
    return { allow: ask(allowed(n)), deny: ask(denied(n)) }
  },
  pbac: (n) => {
    const Pbac = peer('pbac') as new (policies: unknown) => { evaluate(request: object): boolean }
    const lists = document(n, bucket).Statement.map((each) => ({ ...each, Resource: [each.Resource].flat() }))
    const engine = new Pbac([{ Version: '2012-10-17', Statement: lists }])
    const ask = ({ action, resource, tag, ip }: Asked) => {
      const request = { action, resource, context: { aws: { 'PrincipalTag/team': tag, SourceIp: ip } } }
      return () => engine.evaluate(request)
    }
    return { allow: ask(allowed(n)), deny: ask(denied(n)) }
  },
}
/* oxlint-enable */

const rego = `package bench
import rego.v1
default allow := false
allow if {
  some policy in data.policies
  policy.tag == input.tag
  startswith(input.arn, policy.prefix)
  some action in policy.actions
  startswith(input.action, action)
  net.cidr_contains(policy.net, input.ip)
}
`

/** OPA's own compiler, which is a program in Go and stands in no package of npm's; undefined where none is found. */
export function opaVersion(): string | undefined {
  try {
    return /^Version: (.+)$/m.exec(execFileSync('opa', ['version'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined // there is none: the row is left out, and the bench says so
  }
}

function compileRego(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rego-'))
  try {
    writeFileSync(join(folder, 'bench.rego'), rego)
    execFileSync('opa', ['build', '-t', 'wasm', '-e', 'bench/allow', 'bench.rego'], { cwd: folder })
    execFileSync('tar', ['xzf', 'bundle.tar.gz', '/policy.wasm'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    return readFileSync(join(folder, 'policy.wasm'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
