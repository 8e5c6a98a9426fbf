import { renderSVG } from 'uqr'

import { factorForms } from '../pages/factor-forms.ts'
import { codeForm, type Html, html, page, passkeyForm, problem } from '../pages/html.ts'

/** What every page of an enrolment shows. */
export interface EnrolmentView {
  readonly app: string
  /** Where its forms lead: `/enrolment/CODE`. */
  readonly path: string
  /** Absent while the first administrator has chosen no name. */
  readonly user?: string
  readonly problem?: string
}

/** Asks for a new password, twice; the first administrator also for a name. */
export function newPasswordPage(view: EnrolmentView): string {
  return page(
    `Set a password for ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="${view.path}/password">
        ${nameField(view.user)}
        <label for="password">New password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength="15"
          required
          aria-describedby="rule"
        />
        <p id="rule" class="hint">At least 15 characters; a sentence will do. No kind of character is demanded.</p>
        <label for="again">The same once more</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required />
        <button type="submit" class="main">Continue</button>
      </form>`,
  )
}

function nameField(user: string | undefined): Html {
  if (user !== undefined) {
    // For password managers, which want to know whose it is.
    return html`<label for="user">User name</label>
      <input id="user" name="user" value="${user}" autocomplete="username" readonly />`
  }
  return html`<p>You become the first administrator.</p>
    <label for="user">User name</label>
    <input
      id="user"
      name="user"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      maxlength="64"
      pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*"
      required
      autofocus
      aria-describedby="name-rule"
    />
    <p id="name-rule" class="hint">Latin letters, digits, and . _ - after the first of them.</p>`
}

/** Asks for the password that stays, before another second factor is taken. */
export function knownPasswordPage(view: EnrolmentView): string {
  return page(
    `Confirm that it is you, for ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="${view.path}/known-password">
        ${nameField(view.user)}
        <label for="password">Your password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required autofocus />
        <button type="submit" class="main">Continue</button>
      </form>`,
  )
}

/** Asks for the second factor that stays, before another password is taken. */
export function knownFactorPage(
  view: EnrolmentView & { readonly hasCode: boolean; readonly passkey?: string },
): string {
  return page(
    `Confirm that it is you, for ${view.app}`,
    html`${problem(view.problem)} ${factorForms(view.path, 'known-', view)}`,
    { script: view.passkey !== undefined },
  )
}

/** Offers an authenticator app, with a picture and with words, and a passkey where the browser knows them. */
export function newFactorPage(
  view: EnrolmentView & { readonly totpUri: string; readonly secret: string; readonly passkey: string },
): string {
  const spaced = (view.secret.match(/.{1,4}/g) ?? []).join(' ')
  const picture = { markup: renderSVG(view.totpUri, { ecc: 'M', border: 4, pixelSize: 4 }) }
  return page(
    `Add a second factor for ${view.app}`,
    html`${problem(view.problem)}
      <p>Scan this with an authenticator app, then enter the code that it shows.</p>
      <div class="picture" role="img" aria-label="The key below, as a QR code">${picture}</div>
      <p>
        Or <a href="${view.totpUri}">open it on this device</a>, or type this key:
        <code>${spaced}</code>
      </p>
      ${codeForm(`${view.path}/code`, 'Code that the app shows')}
      <hr />
      ${passkeyForm(`${view.path}/passkey`, view.passkey, 'create', 'Add a passkey in its place')}
      <noscript><p>A passkey in its place needs a browser that runs scripts here.</p></noscript>`,
    { script: true },
  )
}

/** The end: recovery codes, which nobody can show again, and where to sign in. */
export function enrolledPage(view: {
  readonly app: string
  readonly user: string
  readonly codes: readonly string[]
}): string {
  const codes = view.codes.map((code) => html`<li><code>${code}</code></li>`)
  const list: Html = { markup: codes.map(({ markup }) => markup).join('') }
  const kept =
    view.codes.length === 0
      ? html``
      : html`<h2>Recovery codes</h2>
          <p>
            Each stands in once for a second factor that you lost. They are shown this once: print or write them down.
          </p>
          <ol>
            ${list}
          </ol>`
  return page(
    `Done, ${view.user}`,
    html`<p>This is what you sign in to ${view.app} with from now on. Whatever was signed in before has ended.</p>
      ${kept}`,
  )
}
