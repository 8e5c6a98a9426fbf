import { commandLine, rootCommandLine } from '@sallyport/core/access'

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

/** Ubuntu's switch allows user namespaces per program: this names bubblewrap and nothing else. */
const appArmorProfile = [
  'abi <abi/4.0>,',
  'include <tunables/global>',
  'profile bwrap-sallyport /usr/bin/bwrap flags=(unconfined) {',
  '  userns,',
  '}',
]
