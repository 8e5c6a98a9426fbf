import { open, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'

import { installBinary, type RuntimeFolder } from '../box/runtime-folder.ts'

/** The version that the engine was written against; `up` names it where none is installed. */
export const workerdVersion = '1.20261117.1'

const packages: Readonly<Record<string, string>> = {
  x64: '@cloudflare/workerd-linux-64',
  arm64: '@cloudflare/workerd-linux-arm64',
}

/**
 * Finds workerd among an app's installed modules, nearest first, and puts it where every function's uid can read it.
 * It is too large to bring along, and runs nowhere but in boxes, with the rights of the function. Throws
 * `host.engine_missing`, with the line that installs it. Adversary: a module folder that links the program to another
 * file of the host, which would then be readable in boxes.
 */
export async function findWorkerd(
  runtime: RuntimeFolder,
  appFolder: string,
  moduleFolders: readonly string[],
): Promise<string> {
  const name = packages[process.arch]
  for (const folder of name === undefined ? [] : moduleFolders) {
    const program = await realpath(join(folder, name ?? '', 'bin/workerd')).catch(() => undefined)
    if (program === undefined || !program.startsWith((await realpath(folder)) + sep)) continue
    if (!(await stat(program)).isFile() || !(await isProgram(program))) continue
    const installed = join(runtime.folder, 'workerd')
    await installBinary(program, installed)
    return installed
  }
  throw new SallyportError(
    'host.engine_missing',
    'engine: workerd is asked for, and the app has not installed workerd',
    {
      fix: commandLine('npm', 'install', '--prefix', appFolder, '--save-exact', `workerd@${workerdVersion}`),
    },
  )
}

/** ELF, by its first four bytes: no file of secrets begins so. */
async function isProgram(path: string): Promise<boolean> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
  return bytesRead === 4 && buffer.equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]))
}
