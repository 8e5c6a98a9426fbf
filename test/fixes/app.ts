/** A small app that grants little and states nothing, so that every grant may be added to it. */
export const smallApp = (upstream: string): Readonly<Record<string, string>> => ({
  'sallyport.yaml': `app: small
issuers:
  embedded:
    users: { alice: [member], ada: [admin], grace: [admin], kim: [keeper] }
locations: { CH: [127.0.0.1/32] }
people:
  member: { countries: [CH] }
  guest: {}
  keeper: { mfa: true }
  admin: { mfa: true, device: managed, jit: { max: 1h, approvers: [admin], reason: required } }
administration: { secrets: [keeper], configuration: [admin], invoke: [admin] }
zones:
  public: { from: [internet] }
  inner: { from: [inner] }
doors:
  stripe:
    to: https://api.stripe.com
    upstream: ${upstream}
    add: { authorization: "Bearer {stripe-key}" }
    ops: { charge: POST /v1/charges, refund: POST /v1/refunds }
secrets: { stripe-key: {} }
tables:
  rows-table: { dynamodb: Rows, key: [owner, id] }
functions:
  front:
    zone: public
    code: front.ts
    routes:
      POST /buy: { who: [member] }
      POST /refund: { who: [admin] }
    can:
      stripe: [charge]
      rows-table:
        update: { rows: own, columns: [status] }
  back: { zone: inner, code: back.ts, offers: [pay] }
`,
  'front.ts': `export const handler = async () => {
  const answer = await fetch('https://api.stripe.com/v1/charges', { method: 'POST', body: '{}' })
  return { statusCode: answer.status, body: await answer.text() }
}
`,
  'back.ts': 'export const handler = async () => ({ statusCode: 200 })\n',
})
