import type { FunctionImage } from '../image.ts'
import { boxEnvironment, type BoxExtras, boxFiles, scratchOf } from './box-options.ts'
import { inBox } from './in-box.ts'
import { sandboxed } from '../kernel/abandoned.ts'
import { descriptors } from './pod.ts'
import type { RuntimeFolder } from './runtime-folder.ts'

/** The folder of one container, in memory that ends with its box: nothing of it is ever on the host's disk. */
const bundle = '/run/sallyport'
const root = `${bundle}/root`
const state = `${bundle}/state`

/** Made before what stands in them: bubblewrap would close those that it makes by itself to everybody else. */
const folders = [
  'usr',
  'usr/share',
  'etc',
  'etc/ssl',
  'etc/ssl/certs',
  'etc/pki',
  'etc/pki/tls',
  'etc/pki/tls/certs',
  'var',
  'var/lang',
  'var/lang/bin',
  'var/runtime',
  'proc',
  'dev',
  'tmp',
  'sys',
]

/**
 * What runsc is given in place of a command: bubblewrap lays out the container's files where only this pod sees them,
 * and runsc makes a kernel of its own of them. It is root of the pod's user namespace, which is nobody outside, and
 * takes the pod's network as it is, because that one is empty already and ends at our listeners. Of control groups it
 * makes none: the pod is in the box's.
 */
export function gvisorCommand(bwrap: string, runsc: string): readonly string[] {
  const options = ['--network=host', '--ignore-cgroups', '--root', state]
  return [...sandboxed(bwrap, descriptors.options), runsc, ...options, 'run', '--bundle', bundle, 'box']
}

/** The options of that bubblewrap. */
export function gvisorOptions(image: FunctionImage, runtime: RuntimeFolder, extras: BoxExtras): readonly string[] {
  return [
    ['--unshare-pid', '--unshare-uts', '--die-with-parent', '--new-session', '--clearenv', '--cap-add', 'ALL'],
    ['--json-status-fd', String(descriptors.status), '--setenv', 'PATH', '/usr/bin:/bin'],
    ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run'],
    ['--dir', bundle, '--dir', state, '--dir', root],
    ['--perms', '0400', '--file', String(descriptors.spec), `${bundle}/config.json`],
    folders.flatMap((name) => ['--dir', `${root}/${name}`]),
    boxFiles(image, runtime, extras, root),
  ].flat()
}

/** The container, as the OCI runtime specification (1.0.2) has it: no capability, no host user, a read-only root. */
export function gvisorSpec(image: FunctionImage, extras: BoxExtras, command: readonly string[]): string {
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] }
  return JSON.stringify({
    ociVersion: '1.0.2',
    process: {
      user: { uid: 65_534, gid: 65_534 },
      args: command,
      env: Object.entries(boxEnvironment(image, extras)).map(([name, value]) => `${name}=${value}`),
      cwd: inBox.code,
      noNewPrivileges: true,
      capabilities: none,
      rlimits: [
        { type: 'RLIMIT_NOFILE', hard: 1_024, soft: 1_024 },
        { type: 'RLIMIT_CORE', hard: 0, soft: 0 },
      ],
    },
    root: { path: root, readonly: true },
    hostname: 'sallyport',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=0755'] },
      {
        destination: '/tmp',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', 'mode=1777', `size=${scratchOf(image)}`],
      },
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  })
}
