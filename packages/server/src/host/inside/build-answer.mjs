// What a bundler's result is as an answer to the server. Apart from `build.mjs`, so that it can be tested without a box.
import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'

/** The packages that a build looked for and did not find, but for those whose way leads out of the app. */
export function missingPackages(job, built) {
  const { faults = [] } = built.errors?.length > 0 ? answerTo(job, built) : {}
  return new Set(faults.flatMap(({ code, package: name }) => (code === 'build.unresolved' ? (name ?? []) : [])))
}

/** `job` names the app folder, its module folders and the entry, as they stand where the bundler runs. */
export function answerTo(job, built) {
  const roots = [job.app, ...job.moduleFolders]
  return built.errors?.length > 0 ? { faults: built.errors.map(faultOf) } : outcomeOf(built)

  function outcomeOf({ metafile, outputFiles }) {
    const outside = Object.keys(metafile.inputs).filter(isOutside)
    if (outside.length > 0)
      return { faults: outside.map((path) => outsideFault(path, { file: path, line: 1, column: 0 })) }
    const main = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
    return {
      outputs: outputFiles.map(({ path, contents }) => ({
        name: path.slice(job.app.length + 1),
        base64: Buffer.from(contents).toString('base64'),
      })),
      exports: main.exports,
      commonjs: metafile.inputs[main.entryPoint].format === 'cjs',
      warnings: Object.entries(metafile.inputs).flatMap(([importer, { imports }]) =>
        imports.flatMap(warningOf(importer)),
      ),
    }
  }

  /** A module from a `data:` URL has no file, and stands in angle brackets; a file is looked at whatever its name. */
  function isOutside(path) {
    const at = join(job.app, path.replace(/^[a-z-]+:/, ''))
    return (existsSync(at) || !path.startsWith('<data:')) && !isInside(realpathSync(at))
  }

  /** A `require` in a `try` block that esbuild left as it stands: at run time it fails, in the box. */
  function warningOf(importer) {
    return ({ path, external }) =>
      external && (path.startsWith('.') || isAbsolute(path)) && !isInside(resolve(job.app, dirname(importer), path))
        ? [outsideFault(path, { file: importer, line: 1, column: 0 })]
        : []
  }

  function faultOf({ text, location }) {
    const specifier = /^Could not resolve "(.*)"/.exec(text)?.[1]
    if (specifier === undefined) return { code: 'build.failed', message: failed(text), ...place(location) }
    const importer = resolve(job.app, location?.file ?? job.entry)
    if (leavesApp(specifier, importer)) return outsideFault(specifier, place(location))
    const found = `nothing is found for ${JSON.stringify(specifier)}`
    if (specifier.startsWith('.')) return { code: 'build.unresolved', message: found, ...place(location) }
    // No command that installs it: whoever wrote the import may have chosen the name for that.
    const message = `${found}: no package of that name is in node_modules of the app`
    return { code: 'build.unresolved', message, package: specifier, ...place(location) }
  }

  /** A native addon is no source; a folder is taken as it stands, with its addons. */
  function failed(text) {
    if (!text.startsWith('No loader is configured for ".node" files')) return text
    return `${text} (a native addon is not bundled: name the folder in \`code\`, and \`handler\`)`
  }

  /** By its path, or by a symbolic link on the way whose target is not here. */
  function leavesApp(specifier, importer) {
    if (specifier.startsWith('.') || isAbsolute(specifier)) {
      const target = resolve(dirname(importer), specifier)
      return !isInside(target) || ['', '.ts', '.js', '.mjs', '.json'].some((end) => isBrokenLink(target + end))
    }
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    return roots.some((root) => [join(root, name), join(root, 'node_modules', name)].some(isBrokenLink))
  }

  function isBrokenLink(path) {
    for (let at = path; isInside(at); at = dirname(at)) {
      if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) {
        try {
          return !isInside(realpathSync(at))
        } catch {
          return true
        }
      }
    }
    return false
  }

  function isInside(path) {
    return (
      roots.some((root) => path === root || path.startsWith(root + sep)) && !path.startsWith(`${job.app}/.sallyport/`)
    )
  }

  function place(location) {
    return { file: location?.file ?? job.entry, line: location?.line ?? 1, column: location?.column ?? 0 }
  }
}

function outsideFault(specifier, at) {
  const message = `${JSON.stringify(specifier)} lies outside the app folder and its node_modules`
  return { code: 'build.outside_app', message, ...at }
}
