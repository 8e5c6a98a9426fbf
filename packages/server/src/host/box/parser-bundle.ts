import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** From `src/host/box` as from a published `dist/host/box`, the room of parsers stands beside the host's. */
const folder = fileURLToPath(new URL('../../parser/', import.meta.url))

/** Bundles that this process makes now: their maker is one for all of them. */
let underWay = 0

/** The one file that a parser's process loads. */
export interface ParserBundle {
  /** Names what it was made from. */
  readonly name: string
  /** Takes some 50 ms, so it is asked for only where there is no file of that name. */
  readonly make: () => Promise<Uint8Array>
}

/**
 * Our own parsing code as one plain file: a process of it starts in half the time, needs no types stripped and sees
 * nothing else of this package. Modules of Node are required, not imported: an import would load all that they export
 * lazily, some 7 MB for `node:http`.
 */
export async function parserBundle(): Promise<ParserBundle> {
  const extension = extname(import.meta.url)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(
    (entry) => entry.isFile() && extname(entry.name) === extension && !entry.name.includes('.test.'),
  )
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()
  const hash = createHash('sha256')
  for (const path of paths) hash.update(await readFile(path)).update('\0')
  return {
    name: `parser-${hash.digest('hex').slice(0, 16)}.cjs`,
    make: async () => {
      const { build, stop } = await import('esbuild')
      underWay += 1
      try {
        const { outputFiles } = await build({
          entryPoints: [join(folder, `main${extension}`)],
          bundle: true,
          platform: 'node',
          format: 'cjs',
          target: 'node24',
          write: false,
          logLevel: 'silent',
        })
        const [file] = outputFiles
        if (file === undefined) throw new Error('esbuild made no file of the parser')
        return file.contents
      } finally {
        underWay -= 1
        if (underWay === 0) await stop() // its service would stay with the server for good
      }
    },
  }
}
