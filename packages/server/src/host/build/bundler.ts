import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Puts esbuild, its JavaScript half and its native one, where every build box can read it, and says where.
 * The modules folder it came from may lie where the app's owner cannot go.
 */
export function installBundler(runtimeFolder: string): Promise<string> {
  // Several functions are built side by side: the first installs, the others wait for it.
  const known = installed.get(runtimeFolder) ?? install(runtimeFolder)
  installed.set(runtimeFolder, known)
  return known
}

const installed = new Map<string, Promise<string>>()

async function install(runtimeFolder: string): Promise<string> {
  const require = createRequire(import.meta.url)
  const library = require.resolve('esbuild')
  const { version } = JSON.parse(await readFile(join(dirname(library), '../package.json'), 'utf8')) as {
    version: string
  }
  const folder = join(runtimeFolder, `esbuild-${version}`)
  const native = createRequire(library).resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`)
  const temporary = `${folder}.${process.pid}`
  await mkdir(join(temporary, 'lib'), { recursive: true, mode: 0o755 })
  await mkdir(join(temporary, 'bin'), { mode: 0o755 })
  await copyFile(library, join(temporary, 'lib/main.js'))
  await copyFile(join(dirname(library), '../package.json'), join(temporary, 'package.json'))
  await copyFile(native, join(temporary, 'bin/esbuild'))
  // Once per process, so that a copy that was cut short or changed never stays.
  await rm(folder, { recursive: true, force: true })
  await rename(temporary, folder).catch(() => rm(temporary, { recursive: true, force: true }))
  return folder
}
