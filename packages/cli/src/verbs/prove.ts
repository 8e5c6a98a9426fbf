import { type AccessRequest, SallyportError } from '@sallyport/core/access'
import { compileLayer, disjoint, equal, type PolicyKind, type Proof, within } from '@sallyport/core/policy'
import { type Chain, chainTo } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { unknownName, withApp } from '../load-app.ts'
import { policyFaults, policyFile, policyKinds } from '../policy-file.ts'
import { appFolder, type Terminal } from '../terminal.ts'

interface Flags extends CommonFlags {
  readonly within?: string
  readonly equal?: string
  readonly overlap?: string
  readonly kind: PolicyKind
}

const other = (brief: string) =>
  ({ kind: 'parsed', parse: String, brief, placeholder: 'FILE', optional: true }) as const

/** `prove`: claims about every request, for two policies or for an app. */
export const prove: Command<Terminal> = buildCommand<Flags, [claim: string], Terminal>({
  docs: {
    brief: 'Prove what two policies allow, or whether somebody can ever reach something',
    fullDescription:
      'With a policy file and --within, --equal or --overlap: whether every request that it allows is allowed by ' +
      'the other, whether both allow the same, whether any request is allowed by both; each document by itself. ' +
      "With 'SUBJECT -> OBJECT': whether SUBJECT (internet, a role, a user, a function, a zone) can reach OBJECT " +
      'under the manifest by any chain of allowed calls. Exits with 0 when the claim holds (for an app: when there ' +
      'is a chain), with 1 when it does not, with 6 when neither can be shown; docs/prove.md says when.',
    customUsage: [
      { input: 'new.json --within old.json', brief: 'does a change broaden?' },
      { input: "'internet -> payments'", brief: 'is there any way?' },
    ],
  },
  parameters: {
    flags: {
      ...commonFlags,
      within: other('The policy that should allow at least as much'),
      equal: other('The policy that should allow the same'),
      overlap: other('The policy of which some request should be allowed as well'),
      kind: { kind: 'enum', values: policyKinds, brief: 'Where both policies are attached', default: 'identity' },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: "Policy as IAM JSON, or 'SUBJECT -> OBJECT'", parse: String, placeholder: 'CLAIM' }],
    },
  },
  func: answering(async (terminal, flags, claim) => {
    const asked = (['within', 'equal', 'overlap'] as const).filter((name) => flags[name] !== undefined)
    const [relation] = asked
    const [, subject, object] = /^(.+) -> (.+)$/.exec(claim) ?? []
    if (relation === undefined && subject !== undefined && object !== undefined) {
      return withApp(terminal, appFolder(terminal, flags.app), ({ app, compiled }) =>
        chainAnswer(chainTo(compiled, app, subject, object), subject, object),
      )
    }
    if (relation === undefined || asked.length > 1) {
      const what = "give one of --within, --equal and --overlap, or a claim 'SUBJECT -> OBJECT'"
      throw new SallyportError('cli.usage', what)
    }
    return provePolicies(terminal, flags, relation, claim)
  }),
})

function provePolicies(
  terminal: Terminal,
  flags: Flags,
  relation: 'within' | 'equal' | 'overlap',
  file: string,
): Answer {
  const { kind } = flags
  const files = [file, flags[relation] ?? '']
  const read = files.map((path) => ({ path, ...policyFile(terminal, path, flags.kind) }))
  const faults = read.flatMap((one) => ('faults' in one ? one.faults.map((fault) => ({ file: one.path, fault })) : []))
  if (faults.length > 0) return policyFaults(faults)
  const [a, b] = read.map((one) =>
    compileLayer(flags.kind, 'document' in one ? [{ name: one.path, document: one.document }] : []),
  )
  if (a === undefined || b === undefined) throw new TypeError('two policies were named')
  switch (relation) {
    case 'within':
      return proofAnswer(
        within(a, b),
        kind,
        `everything that ${files[0]} allows, ${files[1]} allows`,
        `${files[0]} allows, and ${files[1]} does not:`,
      )
    case 'equal':
      return proofAnswer(equal(a, b), kind, `${files[0]} and ${files[1]} allow the same`, 'only one of them allows:')
    case 'overlap': {
      const proof = disjoint(a, b)
      if (proof.holds === 'unknown') return proofAnswer(proof, kind, '', '')
      const json = { overlaps: !proof.holds, ...(proof.holds ? {} : { witness: shown(proof.witness) }) }
      return proof.holds
        ? { exit: 'refused', json, text: 'no: no request is allowed by both' }
        : { exit: 'ok', json, text: `yes: both allow\n${requestText(proof.witness, kind)}` }
    }
  }
}

function proofAnswer(proof: Proof, kind: PolicyKind, yes: string, no: string): Answer {
  switch (proof.holds) {
    case true:
      return { exit: 'ok', json: { holds: true }, text: `proved: ${yes}` }
    case false: {
      const witness = shown(proof.witness)
      return {
        exit: 'refused',
        json: { holds: false, witness },
        text: `refuted: ${no}\n${requestText(proof.witness, kind)}`,
      }
    }
    case 'unknown': {
      const { code, message } = proof
      return { exit: 'undecided', json: { holds: 'unknown', code, message }, text: `unknown: ${message} (${code})` }
    }
  }
}

function chainAnswer(chain: Chain, subject: string, object: string): Answer {
  switch (chain.kind) {
    case 'unresolved':
      throw unknownName(chain)
    case 'never':
      return {
        exit: 'refused',
        json: { reaches: false },
        text: `no: ${subject} reaches ${object} by no chain of allowed calls`,
      }
    case 'unknown':
      return {
        exit: 'undecided',
        json: { reaches: 'unknown', ...chain },
        text: `unknown: ${chain.message} (${chain.code})`,
      }
    case 'reached': {
      const lines = chain.hops.map(({ from, to, facts, at }) => {
        const line = at === undefined ? '' : `  [${at.file}:${at.line}:${at.column}]`
        return `  ${from} -> ${to}${facts}${line}`
      })
      return { exit: 'ok', json: { reaches: true, hops: chain.hops }, text: ['yes:', ...lines].join('\n') }
    }
  }
}

/** What a program needs of a request that nobody made. */
function shown({ subject, action, resource, resourceAccount, context }: AccessRequest) {
  return {
    principal: subject.id,
    action,
    resource,
    ...(resourceAccount === undefined ? {} : { resourceAccount }),
    context,
  }
}

function requestText({ action, resource, subject, context }: AccessRequest, kind: PolicyKind): string {
  const by = kind === 'resource' || kind === 'trust' ? [`  by ${subject.id}`] : []
  const facts = Object.entries(context).map(([key, value]) => `  ${key}: ${shortened(JSON.stringify(value))}`)
  return [`  ${action} on ${resource}`, ...by, ...facts].join('\n')
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 80)}… (${text.length} characters)` : text
}
