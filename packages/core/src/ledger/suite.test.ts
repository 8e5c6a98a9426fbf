import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

import { describe, expect, test } from 'vitest'

import {
  isSubtree,
  rootOf,
  type Sha256,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  hashLeaf,
} from './index.ts'

const suites = process.env['SALLYPORT_SUITES'] ?? resolve(import.meta.dirname, '../../../../../shared/suites')
const folder = join(suites, 'merkle')
const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

interface Probe {
  readonly [field: string]: unknown
  readonly proof: readonly (string | null)[] | null
  readonly wantErr?: boolean
}

describe.skipIf(!existsSync(folder))('transparency-dev/merkle testdata', () => {
  const kinds: Record<string, (probe: Probe) => boolean> = {
    inclusion: (probe) =>
      verifyInclusion(sha256, {
        leafIndex: integer(probe, 'leafIdx'),
        treeSize: integer(probe, 'treeSize'),
        leafHash: decode(probe['leafHash']),
        root: decode(probe['root']),
        proof: proofOf(probe),
      }),
    consistency: (probe) =>
      verifyConsistency(sha256, {
        size1: integer(probe, 'size1'),
        size2: integer(probe, 'size2'),
        root1: decode(probe['root1']),
        root2: decode(probe['root2']),
        proof: proofOf(probe),
      }),
    subtreeinclusion: (probe) => {
      const start = integer(probe, 'start')
      const end = integer(probe, 'end')
      if (!isSubtree(start, end)) return false
      return verifyInclusion(sha256, {
        leafIndex: integer(probe, 'leafIdx') - start,
        treeSize: end - start,
        leafHash: decode(probe['leafHash']),
        root: decode(probe['root']),
        proof: proofOf(probe),
      })
    },
    subtreeconsistency: (probe) =>
      verifySubtreeConsistency(sha256, {
        start: integer(probe, 'start'),
        end: integer(probe, 'end'),
        size: integer(probe, 'size'),
        root1: decode(probe['root1']),
        root2: decode(probe['root2']),
        proof: proofOf(probe),
      }),
  }
  const expected: Record<string, number> = {
    inclusion: 98,
    consistency: 98,
    subtreeinclusion: 204,
    subtreeconsistency: 118,
  }

  test.each(Object.keys(kinds))('verifies and refuses every %s probe as published', (kind) => {
    const files = readdirSync(join(folder, kind), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    )
    expect(files).toHaveLength(expected[kind] ?? 0)
    const wrong = files.filter((name) => {
      const probe = readProbe(join(folder, kind, name))
      return kinds[kind]?.(probe) === (probe.wantErr ?? false)
    })
    expect(wrong.map((name) => relative(folder, join(folder, kind, name)))).toEqual([])
  })

  test('computes the published roots of the reference tree', () => {
    const tree: { leaf_inputs: string[]; root_hash_by_tree_size: Record<string, string> | string[] } = JSON.parse(
      readFileSync(join(folder, 'reference-tree.json'), 'utf8'),
    )
    const leaves = tree.leaf_inputs.map((hex) => hashLeaf(sha256, Buffer.from(hex, 'hex')))
    const roots = Object.values(tree.root_hash_by_tree_size)
    expect(roots).toHaveLength(9)
    roots.forEach((root, size) => {
      expect(Buffer.from(rootOf(sha256, leaves.slice(0, size))).toString('hex')).toBe(root)
    })
  })
})

// JSON.parse would round integers above 2^53, which some probes hold on purpose: keep them as text.
function readProbe(path: string): Probe {
  return JSON.parse(readFileSync(path, 'utf8').replace(/: (\d+)(,?)$/gm, ': "$1"$2'))
}

function integer(probe: Probe, name: string): bigint {
  return BigInt(String(probe[name]))
}

function decode(value: unknown): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : new Uint8Array(0)
}

function proofOf(probe: Probe): Uint8Array[] {
  return (probe.proof ?? []).map(decode)
}
