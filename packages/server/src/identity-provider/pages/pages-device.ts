import { html, page, problem } from './html.ts'

/** A page that asks for the code that a device or a terminal shows (RFC 8628 §3.3). */
export function userCodePage(view: {
  readonly app: string
  readonly action: string
  readonly xsrf: string
  readonly problem?: string
}): string {
  return page(
    `Connect a device to ${view.app}`,
    html`${problem(view.problem)}
      <form method="post" action="${view.action}">
        <input type="hidden" name="xsrf" value="${view.xsrf}" />
        <label for="user_code">Code that the device shows</label>
        <input
          id="user_code"
          name="user_code"
          class="code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          required
          autofocus
        />
        <button type="submit" class="main">Continue</button>
      </form>`,
  )
}

/** A page that asks whether the device is one's own, before anybody signs in for it. */
export function confirmDevicePage(view: {
  readonly app: string
  readonly action: string
  readonly xsrf: string
  readonly userCode: string
  readonly client: string
}): string {
  const hidden = html`<input type="hidden" name="xsrf" value="${view.xsrf}" />
    <input type="hidden" name="user_code" value="${view.userCode}" />`
  return page(
    `Connect a device to ${view.app}?`,
    html`<p>Whoever holds the device that shows this code will act as you, through ${view.client}:</p>
      <p class="code">${view.userCode}</p>
      <p>Go on only if you started this yourself, on a device in front of you. Nobody will ever ask you to.</p>
      <form method="post" action="${view.action}">
        ${hidden}
        <input type="hidden" name="confirm" value="yes" />
        <button type="submit" class="main">It is mine: sign in</button>
      </form>
      <form method="post" action="${view.action}">
        ${hidden}
        <input type="hidden" name="abort" value="yes" />
        <button type="submit">It is not mine</button>
      </form>`,
  )
}

/** A page for the end of the sign-in on behalf of a device. */
export function deviceDonePage(view: { readonly app: string; readonly client: string }): string {
  return page('Connected', html`<p>You are signed in to ${view.app} through ${view.client}. Close this page.</p>`)
}
