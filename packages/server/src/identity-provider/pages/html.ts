import { createHash } from 'node:crypto'

import { script, style } from './assets.ts'

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/**
 * Nothing but our own style sheet, our own script, and forms to ourselves. The loopback addresses, and the address of
 * a client that is named, stand there because browsers hold the redirect that follows a form against `form-action`.
 */
const contentSecurityPolicy = (formTarget: string): string =>
  [
    "default-src 'none'",
    `style-src ${digest(style)}`,
    `script-src ${digest(script)}`,
    `form-action 'self' http://127.0.0.1:*${formTarget}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Sent with every page of ours. `redirectUri` is where the form's answer may lead in the end. */
export function pageHeaders(redirectUri?: string): Readonly<Record<string, string>> {
  const target = redirectUri === undefined ? undefined : URL.parse(redirectUri)
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(target?.protocol === 'https:' ? ` ${target.origin}` : ''),
    'cache-control': 'no-store',
    // Not `no-referrer`: browsers then say `Origin: null` of our own forms, and we could not tell them from others'.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  }
}

/** Text that has been escaped, or was written by us. */
export interface Html {
  readonly markup: string
}

/** What went wrong before, said aloud by screen readers. */
export function problem(text: string | undefined): Html {
  return text === undefined ? html`` : html`<p class="problem" role="alert">${text}</p>`
}

/**
 * A button that talks to a passkey. It is hidden until the script has seen that the browser knows passkeys; nothing at
 * all without `options`, which are what the browser asks a passkey for, as JSON.
 */
export function passkeyForm(action: string, options: string | undefined, kind: 'get' | 'create', words: string): Html {
  if (options === undefined) return html``
  return html`<form method="post" action="${action}">
    <input type="hidden" name="credential" value="" />
    <button type="button" hidden data-passkey="${kind}" data-options="${options}" aria-describedby="passkey-said">
      ${words}
    </button>
    <p id="passkey-said" role="status"></p>
  </form>`
}

/** A whole page. Where it tells of a problem its title does too, which is what a screen reader says first. */
export function page(title: string, body: Html, options: { readonly script?: boolean } = {}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${body.markup.includes('role="alert"') ? `Not accepted: ${title}` : title}</title>
        ${{ markup: `<style>${style}</style>` }}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
        ${options.script === true ? { markup: `<script>${script}</script>` } : ''}
      </body>
    </html> `.markup
}

/** What a code of six digits is typed into, with its words, and whatever belongs below it. */
export function codeForm(action: string, words: string, below: Html = html``): Html {
  return html`<form method="post" action="${action}">
    <label for="code">${words}</label>
    <input
      id="code"
      name="code"
      class="code"
      inputmode="numeric"
      pattern="[0-9]{6}"
      maxlength="6"
      autocomplete="one-time-code"
      required
      autofocus
      aria-describedby="hint"
    />
    <p id="hint" class="hint">Six digits; each code works once.</p>
    ${below}
    <button type="submit" class="main">Continue</button>
  </form>`
}

/** Escapes every value that is not markup already. Adversary: who puts markup into a name. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const markup = parts.reduce((text, part, at) => {
    const value = values[at - 1] ?? ''
    return text + (typeof value === 'string' ? escape(value) : value.markup) + part
  })
  return { markup }
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
