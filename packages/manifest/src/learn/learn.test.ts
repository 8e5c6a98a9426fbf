import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { edited, exampleText, mustLoad } from '../testing/example.ts'
import { generalise, looksLikeId } from './generalise.ts'
import { applyProposal, propose, type Proposal } from './propose.ts'
import { parseSeen, type SeenExit } from './seen.ts'

const bare = exampleText.slice(0, exampleText.indexOf('only:  '))
const { app } = mustLoad(bare)
const seen = (more: Partial<SeenExit>): SeenExit => ({ at: 1, functionName: 'payments', effect: 'deny', ...more })
const unlisted = (url: string, method = 'GET', more: Partial<SeenExit> = {}): SeenExit =>
  seen({ code: 'door.unlisted', method, url, ...more })
const actions = (all: readonly Proposal[]): readonly string[] =>
  all.map((each) =>
    each.kind === 'accept' ? `${each.door} accepts ${each.header}` : `${each.functionName} ${each.action}`,
  )

describe('generalise', () => {
  it('makes ids of what looks like one, and leaves words alone', () => {
    for (const id of [
      '42',
      '0b7e2c1a-4f5d-4a8e-9d37-2f1f6f0a6a11',
      'cus_9s6XKzkNRiz8i3',
      'pi_3MtwBwLkdIwHu7ix28a3tqPa',
      '01HV6J2Q8ZKX4M9T7B3C5D6E8F',
      'deadbeef01',
      '2026-11-28',
      'ada@example.com',
    ]) {
      expect([id, looksLikeId(id)]).toEqual([id, true])
    }
    for (const word of [
      'v1',
      'v2beta1',
      'oauth2',
      'payment_intents',
      'base64',
      'users',
      'Orders',
      'well-known',
      'me',
    ]) {
      expect([word, looksLikeId(word)]).toEqual([word, false])
    }
  })

  it('sees a variable where three words stand between the same others, but never in the first place', () => {
    const repositories = ['alpha', 'beta', 'gamma'].map((name) => `/repos/${name}/issues`)
    expect(generalise([...repositories, '/repos/alpha/pulls', '/a', '/b', '/c'])).toMatchObject([
      { template: '/repos/alpha/pulls' },
      { template: '/a' },
      { template: '/b' },
      { template: '/c' },
      { template: '/repos/:id/issues', paths: repositories },
    ])
    expect(generalise(['/repos/alpha/issues', '/repos/beta/issues'])).toHaveLength(2)
    expect(generalise(['/u/1/o/2', '/u/3/o/4'])).toEqual([
      { template: '/u/:id/o/:id2', paths: ['/u/1/o/2', '/u/3/o/4'] },
    ])
    expect(generalise(['/'])).toEqual([{ template: '/', paths: ['/'] }])
  })

  it('loses no path and makes templates that hold each of theirs', () => {
    const path = fc.array(fc.stringMatching(/^[a-z0-9]{1,4}$/), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.array(path, { maxLength: 12 }), (paths) => {
        const made = generalise(paths)
        expect(made.flatMap((each) => each.paths).toSorted()).toEqual([...new Set(paths)].toSorted())
        for (const { template, paths: from } of made) {
          const pattern = new RegExp(`^${template.replaceAll(/:id\d*/g, '[^/]+')}$`)
          for (const each of from) expect(each).toMatch(pattern)
        }
      }),
    )
  })
})

describe('propose', () => {
  it('makes one operation of what differs in ids, at the door that is there, for each who asked', () => {
    const customers = [1, 2].map((id) => unlisted(`https://api.stripe.com/v1/customers/${id}`))
    const { proposals } = propose([...customers, { ...customers[0]!, functionName: 'orders' }], app)
    expect(actions(proposals)).toEqual([
      'payments stripe.get-customers=GET https://api.stripe.com/v1/customers/:id',
      'orders stripe.get-customers=GET https://api.stripe.com/v1/customers/:id',
    ])
    expect(proposals[0]).not.toHaveProperty('newHost')
  })

  it('makes a door for a new host, and says so, with the package that asked', () => {
    const { proposals } = propose(
      [unlisted('https://maps.acme.example/v1/places', 'GET', { package: 'left-pad' })],
      app,
    )
    expect(proposals).toMatchObject([
      {
        action: 'acme.get-places=GET https://maps.acme.example/v1/places',
        newHost: 'maps.acme.example',
        packages: ['left-pad'],
      },
    ])
  })

  it('takes the line that a refusal named, where it is a grant to the function itself', () => {
    const { proposals, unproposed } = propose(
      [
        seen({ code: 'door.not_granted', fix: 'sallyport allow payments email.send' }),
        seen({ code: 'table.not_granted', fix: "sallyport allow payments 'orders-table.get(own)'" }),
        seen({ code: 'zone.closed', fix: 'sallyport allow public restricted' }),
        seen({ code: 'secret.missing', fix: 'sallyport secret set stripe-key' }),
        seen({ code: 'door.not_granted', fix: 'sallyport allow storefront email.send' }),
      ],
      app,
    )
    expect(actions(proposals)).toEqual(['payments email.send', 'payments orders-table.get(own)'])
    expect(unproposed.map(({ what }) => what)).toEqual([
      'sallyport allow public restricted',
      'sallyport secret set stripe-key',
      'sallyport allow storefront email.send',
    ])
  })

  it('proposes headers that a call went without, and nothing that is allowed by now', () => {
    const charge = { method: 'POST', url: 'https://api.stripe.com/v1/payment_intents' }
    const { proposals } = propose(
      [seen({ effect: 'allow', ...charge, dropped: ['stripe-account'] }), unlisted(charge.url, 'POST')],
      app,
    )
    expect(actions(proposals)).toEqual(['stripe accepts stripe-account'])
  })

  it('proposes no header for what was refused, leads nowhere, or passes by now', () => {
    const refunds = { method: 'POST', url: 'https://api.stripe.com/v1/refunds', dropped: ['stripe-account'] }
    const open = mustLoad(edited('    ops: { charge:', '    accept: [stripe-account]\n    ops: { charge:', bare)).app
    expect(actions(propose([seen({ effect: 'allow', ...refunds })], app).proposals)).toHaveLength(1)
    expect(propose([seen({ effect: 'allow', ...refunds })], open).proposals).toEqual([])
    for (const other of [
      seen({ effect: 'deny', ...refunds }),
      seen({ effect: 'allow', ...refunds, url: 'https://b.example/' }),
      seen({ effect: 'allow', dropped: refunds.dropped, url: refunds.url }),
    ]) {
      expect(propose([other], app).proposals).toEqual([])
    }
  })

  it('tells of a refusal that nobody can lift by a grant, and of a path that no template has', () => {
    const { proposals, unproposed } = propose(
      [seen({ code: 'guest.late', url: 'https://a.example/x', method: 'GET' }), unlisted('https://a.example/:x/y')],
      app,
    )
    expect(proposals).toEqual([])
    expect(unproposed.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'GET https://a.example/:x/y: a segment that begins with a colon cannot stand in a template',
      'GET https://a.example/x: guest.late has no line under `can`',
    ])
  })

  it('proposes no plain HTTP, no address, and nothing for a function that is gone', () => {
    const { proposals, unproposed } = propose(
      [unlisted('http://a.example/'), unlisted('https://10.0.0.1/'), seen({ code: 'x', functionName: 'gone' })],
      app,
    )
    expect(proposals).toEqual([])
    expect(unproposed.map(({ why }) => why)).toEqual([
      'it is plain HTTP; a door leads to https',
      'it names an address and no host',
    ])
  })

  it('is written into the manifest with every comment kept, and then nothing is left to propose', () => {
    const recorded = [
      unlisted('https://maps.acme.example/v1/places/7'),
      unlisted('https://maps.acme.example/v1/places/7', 'DELETE'),
      seen({ code: 'door.not_granted', fix: 'sallyport allow payments email.send' }),
      seen({ effect: 'allow', method: 'POST', url: 'https://api.stripe.com/v1/refunds', dropped: ['stripe-account'] }),
    ]
    let [text, now] = [bare, app]
    for (const proposal of propose(recorded, app).proposals) {
      const applied = applyProposal(text, proposal, now)
      if (!applied.ok) throw new Error(applied.message)
      text = applied.text
      now = mustLoad(text).app
    }
    expect(now.doors.find(({ name }) => name === 'acme')?.ops.map(({ name, path }) => [name, path])).toEqual([
      ['get-places', '/v1/places/:id'],
      ['delete-places', '/v1/places/:id'],
    ])
    expect(now.doors.find(({ name }) => name === 'stripe')?.accept).toEqual(['stripe-account'])
    expect(text.match(/#.*/g)).toEqual(bare.match(/#.*/g))
    const rest = recorded.filter(({ code }) => code !== 'door.not_granted')
    expect(propose(rest, now)).toEqual({ proposals: [], unproposed: [] })
  })
})

describe('parseSeen', () => {
  it('reads what was written', () => {
    const whole = unlisted('https://a.example/x', 'GET', {
      fix: 'sallyport allow a b',
      package: '@a/b',
      dropped: ['x-a'],
    })
    expect(parseSeen(JSON.stringify(whole))).toEqual(whole)
  })

  for (const [what, line] of [
    ['a line that was cut off', '{"at":1,"func'],
    ['no object', 'null'],
    ['a function that is no name', JSON.stringify(seen({ functionName: 'a b' }))],
    ['another program in place of a fix', JSON.stringify(seen({ fix: 'rm -rf /' }))],
    ['a fix that moves the cursor', JSON.stringify(seen({ fix: 'sallyport allow a \u001B[2Jb' }))],
    ['an address with blanks', JSON.stringify(seen({ url: 'https://a.example/ x' }))],
    ['a number', '7'],
    ['neither a yes nor a no', JSON.stringify({ ...seen({}), effect: 'ask' })],
    ['a package that is no name', JSON.stringify(seen({ package: 'left pad\u001B[2J' }))],
    ['a method of small letters', JSON.stringify(seen({ method: 'get' }))],
    ['a time that is none', JSON.stringify({ ...seen({}), at: '1' })],
    ['a line of many headers', JSON.stringify(seen({ dropped: Array.from({ length: 2_000 }, () => 'x-header') }))],
    ['a line beyond all measure', JSON.stringify(seen({ url: `https://a.example/${'a'.repeat(20_000)}` }))],
  ] as const) {
    it(`takes ${what} for nothing`, () => expect(parseSeen(line)).toBeUndefined())
  }

  it('never throws, whatever the line', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void parseSeen(line)))
  })
})
