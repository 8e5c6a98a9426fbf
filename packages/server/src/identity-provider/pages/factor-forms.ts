import { codeForm, type Html, html, passkeyForm } from './html.ts'

/** How somebody may prove the second factor that they have. */
export interface FactorChoice {
  readonly hasCode: boolean
  /** What the browser asks a passkey for, as JSON; absent where there is none. */
  readonly passkey?: string
}

/**
 * The forms for a second factor: a code, a passkey, a recovery code. They lead to `PATH/code`, `PATH/passkey`, with
 * `prefix` before the name, and to `PATH/recovery`; `below` stands under the code.
 */
export function factorForms(path: string, prefix: '' | 'known-', choice: FactorChoice, below: Html = html``): Html {
  return html`${choice.hasCode ? codeForm(`${path}/${prefix}code`, 'Code from your authenticator', below) : html``}
    ${passkeyForm(`${path}/${prefix}passkey`, choice.passkey, 'get', 'Use a passkey')}
    <hr />
    <form method="post" action="${path}/recovery">
      <label for="recovery">Recovery code, if you lost your second factor</label>
      <input id="recovery" name="recovery" autocomplete="off" autocapitalize="characters" spellcheck="false" required />
      <button type="submit">Use the recovery code</button>
    </form>`
}
