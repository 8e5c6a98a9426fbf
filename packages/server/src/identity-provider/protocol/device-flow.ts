import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'

import { pageHeaders } from '../pages/html.ts'
import { confirmDevicePage, deviceDonePage, userCodePage } from '../pages/pages-device.ts'

/** Where a person types what their device shows; the library's own default. */
export const devicePath = '/device'

/** How often a device may ask, in seconds; without a word from us it waits five each time (RFC 8628, section 3.5). */
const pollingSeconds = 1

/** Tells a device that begins how often it may ask. */
export function tellInterval(_ctx: KoaContextWithOIDC, begun: Record<string, unknown>): void {
  begun['interval'] = pollingSeconds
}

/**
 * Signing in for a device that has no browser (RFC 8628), such as a terminal on another machine. A code has about 34
 * bits and lives ten minutes; whoever guesses is counted per address (`startAttempts`).
 */
export function deviceFlow({ app }: { readonly app: string }): NonNullable<Configuration['features']>['deviceFlow'] {
  const show = (ctx: KoaContextWithOIDC, body: string): void => {
    ctx.set(pageHeaders())
    ctx.body = body
  }
  const clientOf = (ctx: KoaContextWithOIDC): string => ctx.oidc.client?.clientName ?? 'a program of this app'
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    userCodeInputSource: (ctx, _form, _out, error) => {
      const wrong = error === undefined ? {} : { problem: wordsOf(error) }
      show(ctx, userCodePage({ app, action: devicePath, xsrf: xsrfOf(ctx), ...wrong }))
    },
    userCodeConfirmSource: (ctx, _form, client, _device, userCode) => {
      const view = { app, action: devicePath, xsrf: xsrfOf(ctx), userCode }
      show(ctx, confirmDevicePage({ ...view, client: client.clientName ?? client.clientId }))
    },
    successSource: (ctx) => show(ctx, deviceDonePage({ app, client: clientOf(ctx) })),
  }
}

function xsrfOf(ctx: KoaContextWithOIDC): string {
  const secret: unknown = ctx.oidc.session?.state?.['secret']
  return typeof secret === 'string' ? secret : ''
}

/** What was typed is not shown again: it may be somebody else's. */
function wordsOf(error: Error): string {
  if (error.name === 'AbortedError') return 'The device was not connected.'
  if (error.name === 'NoCodeError') return 'Enter the code that the device shows.'
  return 'That code is not known, was used, or is too old. Ask the device for another one.'
}
