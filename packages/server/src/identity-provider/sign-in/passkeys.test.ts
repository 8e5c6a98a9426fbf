import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { decodeJwt } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { openVisit, type Visit } from '../testing/visitor.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** A real browser with an authenticator made of software, as the DevTools protocol has it. */
describe.skipIf(browserPath === undefined)('in a browser (needs the Debian package chromium)', () => {
  let provider: TestProvider
  let browser: Browser
  /** The client on this machine that the browser comes back to, and how each visit came. */
  let listener: Server
  let redirect: string
  let arrived = Promise.withResolvers<string>()

  beforeAll(async () => {
    listener = createServer((request, response) => {
      if (request.url?.startsWith('/callback?') === true) arrived.resolve(`http://127.0.0.1${request.url}`)
      response.end('back at the client')
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    redirect = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`
    provider = await startTestProvider({ name: 'localhost' })
    const key = new X509Certificate(provider.leafPem).publicKey.export({ type: 'spki', format: 'der' })
    const pin = createHash('sha256').update(key).digest('base64')
    browser = await chromium.launch({
      executablePath: browserPath ?? '',
      // Passkeys need a certificate without fault; this one key is believed as if its authority were installed.
      args: ['--no-sandbox', '--disable-gpu', `--ignore-certificate-errors-spki-list=${pin}`],
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await provider?.close()
    listener?.close()
    listener?.closeAllConnections()
  })

  /** A browser of its own, with or without a script engine and a passkey device. */
  async function open(options: { scripts?: boolean; verifies?: boolean } = {}): Promise<{
    page: Page
    visit: Visit
    context: BrowserContext
    start(): Promise<void>
    done(): Promise<Record<string, unknown>>
  }> {
    const context = await browser.newContext({ javaScriptEnabled: options.scripts ?? true })
    const page = await context.newPage()
    const visit = openVisit(provider)
    if (options.verifies !== undefined) {
      const devtools = await context.newCDPSession(page)
      await devtools.send('WebAuthn.enable')
      await devtools.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: options.verifies,
          automaticPresenceSimulation: true,
        },
      })
    }
    return {
      page,
      visit,
      context,
      start: async () => {
        arrived = Promise.withResolvers()
        await page.goto(`${provider.issuerUrl}${visit.address({ redirect_uri: redirect })}`)
      },
      done: async () => {
        const code = await arrived.promise
        // Until the browser is there too: the next visit would meet it on its way.
        await page.waitForURL(({ href }) => href.startsWith(redirect))
        const answer = await visit.exchange(code, { redirect_uri: redirect })
        expect([answer.status, answer.body]).toEqual([200, expect.any(String)])
        return decodeJwt<Record<string, unknown>>(JSON.parse(answer.body).access_token)
      },
    }
  }

  async function enterPassword(page: Page, visit: Visit, user: string): Promise<void> {
    await page.getByLabel('User name').fill(user)
    await page.getByLabel('Password').fill(visit.passwordOf(user))
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }

  async function enterCode(page: Page, visit: Visit, user: string): Promise<void> {
    await page.getByLabel('Code from your authenticator').fill(visit.codeOf(user))
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }

  test('a code signs in, without any script', async () => {
    const { page, visit, start, done, context } = await open({ scripts: false })
    await start()
    await enterPassword(page, visit, 'sam')
    expect(await page.getByRole('button', { name: 'passkey' }).count()).toBe(0)
    await enterCode(page, visit, 'sam')
    expect(await done()).toMatchObject({ sub: 'sam', amr: ['pwd', 'otp', 'mfa'] })
    await context.close()
  }, 60_000)

  test('a passkey is added behind both factors, and then signs in beside the password, and alone', async () => {
    const { page, visit, start, done, context } = await open({ verifies: true })
    await start()
    await enterPassword(page, visit, 'ada')
    await page.getByLabel('Add a passkey on this device afterwards').check()
    await enterCode(page, visit, 'ada')
    await page.getByRole('button', { name: 'Add the passkey' }).click()
    expect(await done()).toMatchObject({ sub: 'ada', amr: ['pwd', 'otp', 'mfa'] })
    expect(provider.users.find('ada')?.passkeys?.length).toBe(1)

    const tokenAfter = async (signIn: () => Promise<void>): Promise<Record<string, unknown>> => {
      await start()
      await signIn()
      return done()
    }
    const beside = await tokenAfter(async () => {
      await enterPassword(page, visit, 'ada')
      await page.getByRole('button', { name: 'Use a passkey' }).click()
    })
    expect(beside).toMatchObject({ sub: 'ada', amr: ['pwd', 'hwk', 'mfa'], acr: 'urn:sallyport:acr:mfa' })
    const alone = await tokenAfter(() => page.getByRole('button', { name: 'Sign in with a passkey' }).click())
    expect(alone).toMatchObject({ sub: 'ada', amr: ['hwk', 'user', 'mfa'], acr: 'urn:sallyport:acr:mfa' })
    expect(provider.users.find('ada')?.passkeys?.[0]?.counter).toBeGreaterThan(0)

    // Nobody who was put out comes back by a passkey.
    const ada = provider.users.find('ada')
    if (ada === undefined) throw new Error('no ada')
    provider.users.put({ ...ada, disabled: true })
    await start()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('alert').filter({ hasText: 'That passkey was not accepted.' }).waitFor()
    await context.close()
  }, 120_000)

  const sentence = 'a heron stands on one leg'

  async function setPassword(page: Page, words: string): Promise<void> {
    await page.getByLabel('New password').fill(words)
    await page.getByLabel('The same once more').fill(words)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }

  test('a link leads to a passkey, which signs in alone and proves who sets a password anew', async () => {
    const { page, start, done, context } = await open({ verifies: true })
    const wish = { user: 'kim', roles: ['support'], lifetimeSeconds: 600 } as const
    const invited = await provider.enrolments.open({ ...wish, purpose: 'new-user', sets: ['password', 'factor'] })
    await page.goto(invited.link)
    await setPassword(page, sentence)
    await page.getByRole('button', { name: 'Add a passkey in its place' }).click()
    await page.getByRole('heading', { name: 'Done, kim' }).waitFor()
    expect(await page.locator('ol code').count()).toBe(10)
    expect(provider.users.find('kim')).toMatchObject({ roles: ['support'], passkeys: [expect.anything()] })
    await start()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    expect(await done()).toMatchObject({ sub: 'kim', amr: ['hwk', 'user', 'mfa'] })

    const reset = await provider.enrolments.open({ ...wish, purpose: 'reset', sets: ['password'] })
    await page.goto(reset.link)
    await setPassword(page, `${sentence}, and sleeps`)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByRole('heading', { name: 'Done, kim' }).waitFor()
    await start()
    await page.getByLabel('User name').fill('kim')
    await page.getByLabel('Password').fill(`${sentence}, and sleeps`)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    expect(await done()).toMatchObject({ sub: 'kim', amr: ['pwd', 'hwk', 'mfa'] })
    await context.close()
  }, 120_000)

  test('a link leads to an app without any script, and a recovery code stands in for a lost one', async () => {
    const { page, context } = await open({ scripts: false })
    const wish = { user: 'lou', roles: ['customer'], lifetimeSeconds: 600 } as const
    const { link } = await provider.enrolments.open({ ...wish, purpose: 'new-user', sets: ['password', 'factor'] })
    await page.goto(link)
    await setPassword(page, 'short but long enough')
    expect(await page.getByRole('button', { name: 'passkey' }).count()).toBe(0)
    const key = ((await page.locator('p code').textContent()) ?? '').replaceAll(' ', '')
    await page.getByLabel('Code that the app shows').fill(new TOTP({ secret: Secret.fromBase32(key) }).generate())
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    const [recovery = ''] = await page.locator('ol code').allTextContents()
    expect(provider.users.find('lou')?.totpSecret).toEqual(expect.any(String))
    await page.goto(link)
    expect(await page.getByRole('heading', { name: 'Done, lou' }).count()).toBe(0) // a link is good once

    const reset = await provider.enrolments.open({ ...wish, purpose: 'reset', sets: ['password'] })
    await page.goto(reset.link)
    await setPassword(page, 'another long enough')
    await page.getByLabel('Recovery code, if you lost your second factor').fill(recovery)
    await page.getByRole('button', { name: 'Use the recovery code' }).click()
    await page.getByRole('heading', { name: 'Done, lou' }).waitFor()
    await context.close()
  }, 120_000)

  test('every page has one heading, labels, and nothing that reaches out', async () => {
    const { page, visit, start, context } = await open({ verifies: true })
    const asked: string[] = []
    page.on('request', (request) => void asked.push(new URL(request.url()).origin))
    const problems: string[] = []
    page.on('console', (message) => void problems.push(message.text()))
    await start()
    const look = async (): Promise<void> => {
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      const unnamed = await page.locator('input:not([type=hidden])').evaluateAll((inputs) =>
        // The browser's own word on what a screen reader says.
        inputs.filter((input) => 'labels' in input && (input.labels as unknown[]).length === 0).map(String),
      )
      expect(unnamed).toEqual([])
    }
    await look()
    await enterPassword(page, visit, 'alice')
    await look()
    expect(new Set(asked)).toEqual(new Set([provider.issuerUrl]))
    expect(problems).toEqual([])
    await context.close()
  }, 60_000)
})
