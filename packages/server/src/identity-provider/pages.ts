import { createHash } from 'node:crypto'

const style = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif }
body { max-width: 24rem; margin: 10vh auto; padding: 0 1rem }
h1 { font-size: 1.4rem }
label { display: block; margin-top: 1rem }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { margin-top: 1.25rem; padding: .5rem 1rem; font: inherit }
.problem { border-inline-start: .25rem solid #c00; padding-inline-start: .75rem }
`

/**
 * Nothing but our own style sheet and forms to ourselves. The loopback addresses stand there because browsers hold
 * the redirect that follows a form against `form-action`, and that one leads to the client on this machine.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self' http://127.0.0.1:*",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Sent with every page of ours. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Text that has been escaped, or was written by us. */
interface Html {
  readonly markup: string
}

/** A page that asks for name and password. `problem` says in words what went wrong before. */
export function passwordPage(view: { readonly app: string; readonly uid: string; readonly problem?: string }): string {
  return page(
    `Sign in to ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="/interaction/${view.uid}/password">
        <label for="user">User name</label>
        <input
          id="user"
          name="user"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus
        />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <input name="device_assertion" type="hidden" value="" />
        <button type="submit">Continue</button>
      </form>`,
  )
}

/** A page that asks for the code of the second factor, which may be left out: the token then says so. */
export function codePage(view: { readonly app: string; readonly uid: string; readonly problem?: string }): string {
  return page(
    `Second factor for ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="/interaction/${view.uid}/code">
        <label for="code">Code from your authenticator</label>
        <input
          id="code"
          name="code"
          inputmode="numeric"
          pattern="[0-9]{6}"
          maxlength="6"
          autocomplete="one-time-code"
          required
          autofocus
          aria-describedby="hint"
        />
        <p id="hint">Six digits; each code works once.</p>
        <button type="submit">Continue</button>
      </form>
      <form method="post" action="/interaction/${view.uid}/without-second-factor">
        <button type="submit">Continue without second factor</button>
      </form>`,
  )
}

/** A page for what cannot go on. */
export function errorPage(title: string, message: string): string {
  return page(title, html`<p>${message}</p>`)
}

function problem(text: string | undefined): Html {
  return text === undefined ? html`` : html`<p class="problem" role="alert">${text}</p>`
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${{ markup: style }}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `.markup
}

/** Escapes every value that is not markup already. Adversary: who puts markup into a name. */
function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const markup = parts.reduce((text, part, at) => {
    const value = values[at - 1] ?? ''
    return text + (typeof value === 'string' ? escape(value) : value.markup) + part
  })
  return { markup }
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
