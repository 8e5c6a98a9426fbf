import { factorForms } from './factor-forms.ts'
import { type Html, html, page, passkeyForm, problem } from './html.ts'

/** What every page of a sign-in shows. */
export interface SignInView {
  readonly app: string
  readonly uid: string
  /** What went wrong before, in words. */
  readonly problem?: string
  /** What the browser asks a passkey for, as JSON; absent where none can help. */
  readonly passkey?: string
}

/** A page that asks for name and password, or for a passkey, or leads to where else the person may sign in. */
export function passwordPage(view: SignInView & { readonly upstreams: readonly string[] }): string {
  return page(
    `Sign in to ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="/interaction/${view.uid}/password">
        <label for="user">User name</label>
        <input
          id="user"
          name="user"
          autocomplete="username webauthn"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus
        />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <input name="device_assertion" type="hidden" value="" />
        <button type="submit" class="main">Continue</button>
      </form>
      ${passkeyForm(`/interaction/${view.uid}/passkey`, view.passkey, 'get', 'Sign in with a passkey')}
      ${elsewhere(view)}`,
    { script: view.passkey !== undefined },
  )
}

/** Links and no forms: browsers hold wherever a form leads in the end against `form-action`, and that is not ours. */
function elsewhere({ uid, upstreams }: { readonly uid: string; readonly upstreams: readonly string[] }): Html {
  const links = upstreams.map(
    (name) => html`<a class="button" href="/interaction/${uid}/upstream/${name}">Continue with ${name}</a>`.markup,
  )
  return links.length === 0
    ? html``
    : html`<hr />
        <p>${{ markup: links.join('') }}</p>`
}

/** A page that asks for the second factor, which may be left out: the token then says so. */
export function codePage(view: SignInView & { readonly hasCode: boolean; readonly isDemanded: boolean }): string {
  return page(
    `Second factor for ${view.app}`,
    html`${problem(view.problem)} ${factorForms(`/interaction/${view.uid}`, '', view, afterCode())}
      <hr />
      ${view.isDemanded ? html`<p>What you want to do needs the second factor.</p>` : withoutForm(view.uid)}`,
    { script: view.passkey !== undefined },
  )
}

function withoutForm(uid: string): Html {
  return html`<form method="post" action="/interaction/${uid}/without-second-factor">
    <button type="submit">Continue without second factor</button>
  </form>`
}

function afterCode(): Html {
  return html`<label class="choice" for="add_passkey">
      <input id="add_passkey" name="add_passkey" type="checkbox" value="yes" />
      Add a passkey on this device afterwards
    </label>
    <label class="choice" for="change_password">
      <input id="change_password" name="change_password" type="checkbox" value="yes" />
      Change my password in place of signing in
    </label>`
}

/** A page that offers to keep a passkey, once both factors were proved. */
export function addPasskeyPage(view: SignInView): string {
  return page(
    `Add a passkey for ${view.app}`,
    html`${problem(view.problem)}
      <p>A passkey signs you in by your device’s own lock, without password and code.</p>
      <noscript><p class="problem">This browser runs no scripts here, and a passkey needs one.</p></noscript>
      ${passkeyForm(`/interaction/${view.uid}/add-passkey`, view.passkey, 'create', 'Add the passkey')}
      <form method="post" action="/interaction/${view.uid}/skip-passkey">
        <button type="submit">Continue without</button>
      </form>`,
    { script: true },
  )
}

/** A page for what cannot go on. */
export function errorPage(title: string, message: string): string {
  return page(title, html`<p>${message}</p>`)
}
