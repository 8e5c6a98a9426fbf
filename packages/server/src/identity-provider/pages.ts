import { html, page, problem } from './html.ts'

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
