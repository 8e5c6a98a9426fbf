// Reads a folder, or several laid over each other, as they stand. Runs in a box without a network that sees the app
// folder, read-only, and nothing else of the host, so that no symbolic link shows more than that.
// Takes a job on standard input; answers with frames: a length (4 bytes), a header in JSON, a file's bytes.
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync, writeSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'

const job = JSON.parse(readFileSync(0, 'utf8'))
const leftOut = new Set(['.sallyport', '.git', '.DS_Store', '__pycache__'])

pack(job.folders, '', [])
send({ kind: 'end' })

/** `folders` are one folder of the package, the uppermost last; `above` are the real folders that lead here. */
function pack(folders, path, above) {
  const names = new Set(folders.flatMap((folder) => readdirSync(folder)))
  for (const name of [...names].filter((one) => !leftOut.has(one)).toSorted((one, other) => (one < other ? -1 : 1))) {
    const places = folders.map((folder) => join(folder, name)).filter(isThere)
    packOne(places, path === '' ? name : `${path}/${name}`, above)
  }
}

function packOne(places, path, above) {
  const place = places.at(-1)
  const link = lstatSync(place).isSymbolicLink() ? readlinkSync(place) : undefined
  const real = link === undefined ? place : realOrNothing(place)
  if (real === undefined || !isBelow(job.app, real)) {
    return send({ kind: 'fault', path: relative(job.app, place), code: 'build.outside_app' })
  }
  if (link !== undefined && staysInside(link, path)) return send({ kind: 'link', path, target: link })
  const status = statSync(real)
  if (status.isDirectory()) {
    // A link that leads up again has no end.
    if (above.includes(real)) return send({ kind: 'fault', path: relative(job.app, place), code: 'build.failed' })
    return pack(places.filter(isFolder), path, [...above, real])
  }
  if (!status.isFile()) return undefined // a socket or a device is no code
  // A file with holes may be larger than the disk, and than what can be read at once.
  if (status.size > job.maxBytes)
    return send({ kind: 'fault', path: relative(job.app, place), code: 'build.too_large' })
  const bytes = readFileSync(real)
  send({ kind: 'file', path, size: bytes.length, executable: (status.mode & 0o111) !== 0 }, bytes)
}

/** The link is relative and leads to a place within the package: it is kept as it is. */
function staysInside(link, path) {
  // Steps up stand first, or other links on the way could change where they lead.
  const rest = link.replace(/^(\.\.?\/)*/, '')
  if (isAbsolute(link) || rest === '' || rest.split('/').includes('..')) return false
  const target = join(dirname(path), link)
  return !target.startsWith('..') && job.folders.some((folder) => isThere(join(folder, target)))
}

function isThere(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function realOrNothing(path) {
  try {
    return realpathSync(path)
  } catch {
    return undefined // it leads nowhere, as far as this box can see
  }
}

function isBelow(parent, path) {
  const way = relative(parent, path)
  return way !== '' && !way.startsWith('..') && !isAbsolute(way)
}

function send(header, bytes = Buffer.alloc(0)) {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  for (const part of [length, text, bytes]) {
    for (let at = 0; at < part.length;) at += writeSync(1, part, at)
  }
}
