import { readFileSync } from 'node:fs'

import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { thumbprintOf } from '../bound/index.ts'
import { localApi, statusOf } from '../local-api.ts'
import { appFolder, type Terminal } from '../terminal.ts'

interface LoginFlags extends CommonFlags {
  readonly mfa: boolean
  readonly scope?: readonly string[]
}

/** `login`: signs in through a browser that may be anywhere, and keeps the sign-in for the commands that follow. */
export const login: Command<Terminal> = buildCommand<LoginFlags, [], Terminal>({
  docs: {
    brief: 'Sign in as yourself, through a browser; commands without --as then act for you',
    fullDescription:
      'Prints an address and a code to enter there. The sign-in is kept in a file that only you may read, ' +
      '$XDG_CONFIG_HOME/sallyport/logins, renewed as it is used, for at most 12 hours. `sallyport logout` ends it.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      mfa: { kind: 'boolean', brief: 'Take no sign-in without a second factor', default: false, withNegated: false },
      scope: {
        kind: 'parsed',
        parse: String,
        brief: 'A scope that something demands; may be said several times',
        placeholder: 'SCOPE',
        variadic: true,
        optional: true,
      },
    },
  },
  func: answering(async (terminal, flags) => {
    const { issuer, caFile } = await statusOf(localApi(appFolder(terminal, flags.app)))
    const { deviceLogin, loginFile } = await import('../login/index.ts')
    const file = loginFile(issuer, terminal.process.env)
    const key = file.deviceKey()
    const kept = await deviceLogin({
      issuerUrl: issuer,
      key,
      caPem: readFileSync(caFile, 'utf8'),
      stepUp: {
        ...(flags.mfa ? { acrValues: 'urn:sallyport:acr:mfa' } : {}),
        ...(flags.scope === undefined ? {} : { scope: flags.scope.join(' ') }),
      },
      // Beside the answer, which a program may read.
      show: (address, code) => terminal.process.stderr.write(`Go to ${address} and enter ${code}\n`),
    })
    await file.whileHeld(async () => file.write(kept))
    const deviceKey = thumbprintOf(key)
    const text = `signed in at ${issuer}; kept in ${file.path}\nkey of this device ${deviceKey}`
    return { exit: 'ok', json: { issuer, keptIn: file.path, deviceKey }, text }
  }),
})

/** `logout`: ends that sign-in, here and at the issuer. */
export const logout: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: { brief: 'End the sign-in that login keeps, here and at the issuer' },
  parameters: { flags: commonFlags },
  func: answering(async (terminal, flags) => {
    const { issuer, caFile } = await statusOf(localApi(appFolder(terminal, flags.app)))
    const { endLogin, loginFile } = await import('../login/index.ts')
    const file = loginFile(issuer, terminal.process.env)
    return file.whileHeld(async () => {
      const kept = file.read(true)
      // The file goes even when the issuer cannot be told; then that is said.
      file.remove()
      if (kept !== undefined) await endLogin(kept, readFileSync(caFile, 'utf8'))
      const text = kept === undefined ? 'nobody was signed in' : `signed out at ${issuer}`
      return { exit: 'ok', json: { issuer, wasSignedIn: kept !== undefined }, text }
    })
  }),
})
