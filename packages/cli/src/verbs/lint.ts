import { loadCatalogue } from '@sallyport/aws'
import { lintPolicy, type PolicyKind } from '@sallyport/core/policy'
import { buildCommand, type Command } from '@stricli/core'
import { basename } from 'node:path'

import { answering, commonFlags } from '../answer.ts'
import { policyFaults, policyKinds, policyText } from '../policy-file.ts'
import type { Terminal } from '../terminal.ts'

/** `lint FILE…`: statements of IAM policies that say nothing, or too much. */
export const lint: Command<Terminal> = buildCommand<
  { readonly json: boolean; readonly kind: PolicyKind },
  string[],
  Terminal
>({
  docs: {
    brief: 'Find statements of IAM policies that say nothing or too much, by proof',
    fullDescription:
      'Finds statements that allow everything a service has on everything (lint.broad), that no request can meet ' +
      '(lint.never), that a Deny of the same document covers (lint.shadowed), and without which the document says ' +
      'the same (lint.dead); actions that AWS does not have (lint.unknown_action) or that can be granted on none of ' +
      'the resources (lint.wrong_resource), and condition keys that none of the actions carries (lint.foreign_key). ' +
      'Exits with 1 when it finds any, and with 2 when a file is no valid policy.',
    customUsage: [{ input: '--kind resource bucket-policy.json', brief: 'a policy attached to a resource' }],
  },
  parameters: {
    flags: {
      json: commonFlags.json,
      kind: { kind: 'enum', values: policyKinds, brief: 'Where the policies are attached', default: 'identity' },
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'Policy as IAM JSON', parse: String, placeholder: 'FILE' },
      minimum: 1,
    },
  },
  func: answering(async (terminal, { kind }, ...files) => {
    const catalogue = await loadCatalogue()
    const results = files.map((file) => ({
      file,
      result: lintPolicy(policyText(terminal, file), kind, basename(file), catalogue),
    }))
    const faults = results.flatMap(({ file, result }) =>
      result.ok ? [] : result.faults.map((fault) => ({ file, fault })),
    )
    if (faults.length > 0) return policyFaults(faults)
    const findings = results.flatMap(({ file, result }) =>
      result.ok ? result.findings.map((finding) => ({ file, ...finding })) : [],
    )
    const lines = findings.map(({ file, line, column, sid, statement, message, code }) => {
      const name = sid ?? `statement ${statement + 1}`
      return `${file}:${line}:${column}: ${name}: ${message} (${code})`
    })
    const none =
      files.length === 1 ? 'every statement says something of its own' : `nothing found in ${files.length} files`
    return {
      exit: findings.length === 0 ? 'ok' : 'refused',
      json: { findings },
      text: findings.length === 0 ? none : lines.join('\n'),
    }
  }),
})
