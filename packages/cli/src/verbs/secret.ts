import { SallyportError } from '@sallyport/core/access'
import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { localApi } from '../local-api.ts'
import { appFolder, type Terminal } from '../terminal.ts'

const set: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [name: string], Terminal>({
  docs: {
    brief: 'Put a secret into the vault; its value is read from standard input',
    fullDescription:
      'The value comes from standard input, never from an argument: arguments stand in the process list and in the ' +
      "shell's history. One line break at its end is left out. There is no way to read a secret back.",
    customUsage: [{ input: '--as ada stripe-key <key.txt', brief: 'as the admin ada, from a file' }],
  },
  parameters: {
    flags: { ...commonFlags, ...userFlags },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the secret in the manifest', parse: String, placeholder: 'NAME' }],
    },
  },
  func: answering(async (terminal, flags, name) => {
    const folder = appFolder(terminal, flags.app)
    const body = withoutLastLineBreak(await terminal.readInput())
    if (body.length === 0) {
      throw new SallyportError('cli.usage', 'standard input held no value; give it as in: sallyport secret set … <FILE')
    }
    const asker = await askerFor(terminal, folder, flags)
    const path = `/v1/secrets/${encodeURIComponent(name)}`
    await localApi(folder).call({ method: 'PUT', path, body, contentType: 'application/octet-stream', ...asker })
    return { exit: 'ok', json: { secret: name, set: true }, text: `secret ${name} is set` }
  }),
})

/** `secret set NAME`. There is no `secret get`. */
export const secret: RouteMap<Terminal> = buildRouteMap({ docs: { brief: 'Set secrets' }, routes: { set } })

/** A file made by an editor or `echo` ends with a line break that belongs to nobody's key. */
function withoutLastLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  if (end > 0 && bytes[end - 1] === 0x0a) end -= 1
  if (end > 0 && end < bytes.length && bytes[end - 1] === 0x0d) end -= 1
  return bytes.subarray(0, end)
}
