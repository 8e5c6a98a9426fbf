import { expect, test } from 'vitest'

import type { FunctionImage } from '../image.ts'
import { gvisorSpec } from './gvisor.ts'

const image = { name: 'orders', runtime: 'node', handler: 'index.handler', codeDigest: 'a'.repeat(64), memoryMb: 128 }
const extras = { environment: { SHOP: 'yes' }, caPem: 'pem' }
// The image has more, of which a container's description says nothing.
const spec = JSON.parse(gvisorSpec(image as unknown as FunctionImage, extras, ['/var/lang/bin/node']))

test('a container of gVisor gains nothing, and is nobody', () => {
  const { process } = spec
  expect(process.noNewPrivileges).toBe(true)
  expect(process.user).toEqual({ uid: 65_534, gid: 65_534 })
  const { capabilities } = process
  expect(Object.keys(capabilities).toSorted()).toEqual(['ambient', 'bounding', 'effective', 'inheritable', 'permitted'])
  expect(Object.values(capabilities).flat()).toEqual([])
})

test('a container of gVisor writes to its scratch folder alone, and runs nothing set apart there', () => {
  expect(spec.root.readonly).toBe(true)
  const scratch = spec.mounts.filter(({ type }: { readonly type: string }) => type === 'tmpfs')
  for (const { options } of scratch) expect(options).toContain('nosuid')
  expect(scratch.map(({ destination }: { readonly destination: string }) => destination)).toEqual(['/dev', '/tmp'])
  expect(scratch.at(-1).options).toContain(`size=${64 * 1024 * 1024}`)
})

test('a container of gVisor has its own processes, names and messages', () => {
  const types = spec.linux.namespaces.map(({ type }: { readonly type: string }) => type)
  expect(new Set(types)).toEqual(new Set(['pid', 'ipc', 'uts', 'mount']))
})
