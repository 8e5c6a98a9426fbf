import { dirname } from 'node:path'

import { expect, test } from 'vitest'

import type { FunctionImage } from '../image.ts'
import { gvisorOptions, gvisorSpec } from './gvisor.ts'
import type { RuntimeFolder } from './runtime-folder.ts'

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

test('each folder of a container in which something of ours stands is one that everybody in it may enter', () => {
  const runtime = { node: '/ours/node', etc: '/ours/etc', inside: (name: string) => `/ours/${name}` } as RuntimeFolder
  const options = gvisorOptions({ ...image, codeDir: '/app' } as unknown as FunctionImage, runtime, extras)
  const made = new Set(options.filter((_, index) => options[index - 1] === '--dir'))
  const links = options.filter((_, index) => options[index - 2] === '--symlink' && options[index]?.includes('/etc/'))
  expect(links.length, 'control').toBeGreaterThan(2)
  for (const link of links) expect(made).toContain(dirname(link))
})
