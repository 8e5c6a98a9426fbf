import { lstatSync, readlinkSync } from 'node:fs'

import type { FunctionImage } from '../image.ts'
import { inBox } from './in-box.ts'
import { descriptors } from './pod.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import { runtimePlan } from '../runtime/runtimes.ts'
import { workerdConfig } from '../runtime/workerd-config.ts'

/** What the egress room gives one box: plain variables, and the certificate authority its doors answer with. */
export interface BoxExtras {
  readonly environment: Readonly<Record<string, string>>
  readonly caPem: string
}

/** Bytes of /tmp, the only place a box can write to, where its function asks for no more. */
export const scratchBytes: number = 64 * 1024 * 1024

/** Bytes of /tmp in a box of this function. */
export function scratchOf({ tmpMb }: FunctionImage): number {
  return tmpMb === undefined ? scratchBytes : tmpMb * 1024 * 1024
}

/**
 * The options of bwrap for one box. Nothing of the host but /usr, our own files and the function's code is there, all
 * of it read-only; no capability, no host user, no other process. The network is the pod's, already empty.
 */
export function boxOptions(image: FunctionImage, runtime: RuntimeFolder, extras: BoxExtras): readonly string[] {
  return [
    sandboxOptions,
    ['--seccomp', String(descriptors.seccomp), '--json-status-fd', String(descriptors.status)],
    ['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
    ['--size', String(scratchOf(image)), '--tmpfs', '/tmp'],
    boxFiles(image, runtime, extras),
    ['--chdir', inBox.code, '--remount-ro', '/'],
    Object.entries(boxEnvironment(image, extras)).flatMap(([name, value]) => ['--setenv', name, value]),
  ].flat()
}

/** Everything that a function sees of files, but for /proc, /dev and /tmp; below `at`, where a root is made first. */
export function boxFiles(image: FunctionImage, runtime: RuntimeFolder, extras: BoxExtras, at = ''): readonly string[] {
  const ours = [
    [runtime.node, inBox.node],
    [runtime.inside('client.mjs'), inBox.client],
    [runtime.inside('rehearsal.mjs'), inBox.rehearsal],
    [runtime.inside('streaming.mjs'), inBox.streaming],
    [runtime.inside('fetch-events.mjs'), inBox.fetchEvents],
    [runtime.inside('client.py'), inBox.pythonClient],
    ...etcNames.map((name) => [`${runtime.etc}/${name}`, `/etc/${name}`] as const),
    ...(image.program === undefined ? [] : workerdFiles(image.program, runtime)),
    ...(image.layersDir === undefined ? [] : [[image.layersDir, inBox.layers] as const]),
    [image.codeDir, inBox.code],
  ] as const
  return [
    systemFolders(at),
    ours.flatMap(([from, to]) => ['--ro-bind', from, `${at}${to}`]),
    ['--perms', '0444', '--file', String(descriptors.file), `${at}${boxFile(image, extras).path}`],
    image.runtime === 'workerd' ? [] : inBox.systemCas.flatMap((path) => ['--symlink', inBox.ca, `${at}${path}`]),
  ].flat()
}

/** The one file of a box that is made for it alone: what it trusts at its doors. */
export function boxFile(image: FunctionImage, extras: BoxExtras): { readonly path: string; readonly content: string } {
  if (image.runtime !== 'workerd') return { path: inBox.ca, content: extras.caPem }
  const content = workerdConfig(boxEnvironment(image, extras), extras.caPem)
  return { path: inBox.workerdConfig, content }
}

function workerdFiles(program: string, runtime: RuntimeFolder): readonly (readonly [from: string, to: string])[] {
  return [
    [program, inBox.workerd],
    [runtime.inside('workerd-loop.mjs'), inBox.workerdLoop],
    [runtime.inside('workerd-shim.mjs'), inBox.workerdShim],
  ]
}

/** Shared with the build box. `--unshare-net` is absent on purpose: a box lives in its pod's network. */
export const sandboxOptions: readonly string[] = [
  ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
  ['--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
  ['--uid', '65534', '--gid', '65534'],
].flat()

/** The only names under /etc in a box, besides its CA file, the links to it, and those of programs. */
const etcNames = ['resolv.conf', 'hosts', 'passwd', 'group', 'nsswitch.conf']

/**
 * Programs and libraries without /usr/local, /usr/src and /usr/games; `/lib` and the like as the host has them, and the
 * links by which Debian chooses among programs (`awk`, `php`).
 */
export function systemFolders(at = ''): readonly string[] {
  const libraries = ['lib', 'lib32', 'lib64', 'libexec', 'share/perl', 'share/perl5', 'share/php']
  const parts = ['bin', 'sbin', ...libraries, 'share/zoneinfo', 'share/locale', 'share/misc']
  const usr = [...parts.map((part) => `/usr/${part}`), '/etc/alternatives'].flatMap((path) => [
    '--ro-bind-try',
    path,
    `${at}${path}`,
  ])
  return [usr, ...['bin', 'sbin', 'lib', 'lib32', 'lib64'].map((name) => topFolder(`/${name}`, at))].flat()
}

/** The variables a function sees: the manifest's, the egress room's, and over both what AWS Lambda sets. */
export function boxEnvironment(image: FunctionImage, extras: BoxExtras): Readonly<Record<string, string>> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...image.environment,
    ...extras.environment,
    ...runtimePlan(image, false).environment,
    PATH: '/var/lang/bin:/usr/bin:/bin:/opt/bin',
    LD_LIBRARY_PATH: '/var/task:/var/task/lib:/opt/lib',
    HOME: '/tmp',
    TMPDIR: '/tmp',
    _HANDLER: image.handler,
    LAMBDA_TASK_ROOT: inBox.code,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_LAMBDA_RUNTIME_API: inBox.runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: image.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(image.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${image.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: image.codeDigest.slice(0, 32),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_EC2_METADATA_DISABLED: 'true',
    // Node, then OpenSSL and Python's ssl, then what brings its own list of authorities: requests, boto3, curl, gRPC.
    NODE_EXTRA_CA_CERTS: inBox.ca,
    SSL_CERT_FILE: inBox.ca,
    REQUESTS_CA_BUNDLE: inBox.ca,
    AWS_CA_BUNDLE: inBox.ca,
    CURL_CA_BUNDLE: inBox.ca,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: inBox.ca,
  }
}

/** `/lib` and the like as the host has them: a link, or a folder. */
export function topFolder(path: string, at = ''): readonly string[] {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return []
  return status.isSymbolicLink()
    ? ['--symlink', readlinkSync(path), `${at}${path}`]
    : ['--ro-bind', path, `${at}${path}`]
}
