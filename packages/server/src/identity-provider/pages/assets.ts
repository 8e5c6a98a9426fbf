/** The style of every page; the system's own fonts and colours, light and dark. */
export const style = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; --line: #767676; --accent: #0b57d0;
  --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --line: #949494; --accent: #8ab4f8; --bad: #f2b8b5 } }
body { max-width: 24rem; margin: 10vh auto; padding: 0 1rem 4rem }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem }
.hint { margin: .25rem 0 0; font-size: .9rem }
label { display: block; margin-top: 1rem }
label.choice { display: flex; gap: .5rem; align-items: baseline }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; border: 1px solid var(--line);
  border-radius: .25rem }
input[type=checkbox] { width: auto }
input[readonly] { background: none; border-style: dashed }
button, a.button { margin-top: 1.25rem; padding: .5rem 1rem; font: inherit; border: 1px solid var(--line);
  border-radius: .25rem; cursor: pointer }
a.button { display: block; color: inherit; text-align: center; text-decoration: none }
button.main { background: var(--accent); border-color: var(--accent); color: Canvas; font-weight: 600 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
hr { margin: 2rem 0 0; border: 0; border-top: 1px solid var(--line) }
code, .code { font: 1.1rem/1.6 ui-monospace, monospace; overflow-wrap: anywhere }
.picture svg { display: block; width: 14rem; max-width: 100%; height: auto }
.problem { border-inline-start: .25rem solid var(--bad); padding-inline-start: .75rem }
`

/**
 * The one script: it talks to the passkey of whoever presses a button that bears \`data-passkey\`, and posts the answer
 * with the button's form. Where there is no script, or no passkey, the button stays hidden and everything else works.
 */
export const script = `
for (const button of document.querySelectorAll('button[data-passkey]')) {
  if (window.PublicKeyCredential === undefined) continue
  button.hidden = false
  const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
  const read = () => {
    const options = JSON.parse(button.dataset.options)
    options.challenge = decode(options.challenge)
    if (options.user) options.user.id = decode(options.user.id)
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      for (const one of list ?? []) one.id = decode(one.id)
    }
    return { publicKey: options }
  }
  const write = (credential, response) => ({
    id: credential.id, rawId: encode(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      ...(response.attestationObject ? { attestationObject: encode(response.attestationObject) } : {}),
      ...(response.getTransports ? { transports: response.getTransports() } : {}),
      ...(response.authenticatorData ? { authenticatorData: encode(response.authenticatorData) } : {}),
      ...(response.signature ? { signature: encode(response.signature) } : {}),
      ...(response.userHandle ? { userHandle: encode(response.userHandle) } : {}),
    },
  })
  button.addEventListener('click', async () => {
    const said = document.getElementById(button.getAttribute('aria-describedby'))
    try {
      const options = read()
      const credential = button.dataset.passkey === 'create'
        ? await navigator.credentials.create(options)
        : await navigator.credentials.get(options)
      button.form.elements.credential.value = JSON.stringify(write(credential, credential.response))
      button.form.submit()
    } catch (error) {
      said.textContent = 'The passkey was not used: ' + error.message
    }
  })
}
`
