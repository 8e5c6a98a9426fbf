import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the server must see, where it lies below folders that only root may enter. */
export interface Reach {
  /** Folders that are laid over with an empty one, in a view of the files that the server and its boxes alone have. */
  readonly covers: readonly string[]
  /** What of them is seen all the same, where it has always been. */
  readonly shown: readonly string[]
}

/** Works that out. What is closed within what is shown stays so. */
export function reachOf(
  paths: readonly string[],
  modeOf: (folder: string) => number = (folder) => statSync(folder).mode,
): Reach {
  const shown: string[] = []
  const covers = new Set<string>()
  for (const path of [...new Set(paths)].toSorted()) {
    const highest = highestClosed(path, modeOf)
    if (highest === undefined) continue
    covers.add(highest)
    if (!shown.some((one) => path.startsWith(one + sep))) shown.push(path)
  }
  return { covers: [...covers], shown }
}

/** Of the folders above a path the highest that others than owner and group cannot enter. */
function highestClosed(path: string, modeOf: (folder: string) => number): string | undefined {
  const above = dirname(path)
  if (above === path) return undefined
  return highestClosed(above, modeOf) ?? ((modeOf(above) & 0o001) === 0 ? above : undefined)
}

/** Everything that the server reads for an app, besides what these files name by themselves. */
export function neededPaths(appFolder: string, files: readonly string[]): readonly string[] {
  const product = ['@sallyport/core/access', '@sallyport/manifest', '@sallyport/aws', '@sallyport/guests']
    .map((name) => packageFolder(fileURLToPath(import.meta.resolve(name))))
    .concat(packageFolder(import.meta.filename))
  const folders = [appFolder, ...product].map((folder) => realpathSync(folder))
  return [
    ...folders,
    ...folders.flatMap(modulesAbove),
    realpathSync(process.execPath),
    // A certificate is replaced beside itself, and often a link to where its successors will stand.
    ...files.flatMap((file) => (existsSync(file) ? [dirname(file), dirname(realpathSync(file))] : [])),
  ]
}

/** The folder of the package that a file belongs to. */
function packageFolder(file: string): string {
  for (let at = dirname(file); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) || at === dirname(at)) return at
  }
}

/** Where Node looks for what code in a folder imports. */
function modulesAbove(folder: string): readonly string[] {
  const found: string[] = []
  for (let at = dirname(folder); ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules'))) found.push(realpathSync(join(at, 'node_modules')))
    if (at === dirname(at)) return found
  }
}
