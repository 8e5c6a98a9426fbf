import { expect, test } from 'vitest'

import type { BoxGroup } from '../kernel/cgroups.ts'
import { imageOf } from '../testing/make-engine.ts'
import { launchRuntime } from './launch.ts'
import type { Launch } from './pod.ts'
import type { PreparedBox } from './prepared-box.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'

const runtime = { node: '/ours/node', etc: '/ours/etc', inside: (name: string) => `/ours/${name}` } as RuntimeFolder
const tools = { bwrap: '/usr/bin/bwrap', prlimit: '/usr/bin/prlimit' } as Tools
const extras = { environment: { SHOP: 'a value of its own' }, caPem: 'its authority' }

/** What a pod is told to become, with control groups or without. */
function planOf(group: BoxGroup | undefined, changed: Parameters<typeof imageOf>[0]): Launch {
  const plans: Launch[] = []
  const pod = { launch: (plan: Launch) => void plans.push(plan) }
  launchRuntime(
    imageOf(changed),
    { pod, group } as unknown as PreparedBox,
    { runtime, tools },
    { extras, debug: false },
  )
  const [plan] = plans
  if (plan === undefined) throw new Error('nothing was launched')
  return plan
}

const group = {} as BoxGroup
const code = { codeDir: '/app/code' }

test('what the process list shows of a box is neither a variable nor a path of its function', () => {
  for (const given of [group, undefined]) {
    const { command, options } = planOf(given, code)
    expect(command.join(' ')).not.toMatch(/a value of its own|\/app\/code/)
    expect(options.join(' '), 'control: bwrap hears of both').toMatch(/\/app\/code.*a value of its own/)
  }
})

test('where there are no control groups, each process is limited by itself', () => {
  expect(planOf(undefined, code).command[0]).toBe('/usr/bin/prlimit')
  expect(planOf(group, code).command[0], 'control').toBe('/usr/bin/bwrap')
})

test('a box that is to have a kernel of its own is launched with it, and not as any other', () => {
  const { command, spec } = planOf(group, { ...code, runsc: '/usr/bin/runsc' })
  expect(command).toContain('/usr/bin/runsc')
  expect(JSON.parse(spec ?? '')).toHaveProperty('process')
  expect(planOf(group, code)).not.toHaveProperty('spec')
})

test('what a box trusts is what it was made with', () => {
  expect(planOf(group, code).file).toBe('its authority')
})

test('a program that reads no variable finds what to trust where systems have it', () => {
  const { options } = planOf(group, code)
  const links = options.flatMap((option, at) => (option === '--symlink' ? [options.slice(at + 1, at + 3)] : []))
  const trusted = links.filter(([target]) => target === '/etc/sallyport-ca.pem').map(([, path]) => path)
  expect(trusted).toContain('/etc/ssl/certs/ca-certificates.crt')
  expect(trusted).toContain('/etc/pki/tls/certs/ca-bundle.crt')
})

test('programs that a system reaches by a link of its own are there', () => {
  expect(planOf(group, code).options.join(' ')).toContain('--ro-bind-try /etc/alternatives /etc/alternatives')
})
