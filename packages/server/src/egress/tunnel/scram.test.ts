import { describe, expect, it } from 'vitest'

import { startScram } from './scram.ts'

// The exchange that RFC 7677 §3 publishes.
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

describe('SCRAM-SHA-256', () => {
  it('goes as RFC 7677 publishes it', async () => {
    const scram = startScram('user', 'pencil', nonce)
    expect(scram.first).toBe(`n,,n=user,r=${nonce}`)
    expect(await scram.final(serverFirst)).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    )
    expect(() => scram.verify(serverFinal)).not.toThrow()
  })

  it('ends where the server cannot prove that it knows the password', async () => {
    const scram = startScram('user', 'pencil', nonce)
    expect(() => scram.verify(serverFinal)).toThrow() // before there is anything to verify
    await scram.final(serverFirst)
    for (const forged of ['v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'v=', '', 'e=other-error']) {
      expect(() => scram.verify(forged), forged).toThrow(expect.objectContaining({ code: 'upstream.login' }))
    }
  })

  for (const [what, first] of [
    ['a nonce that is not ours', serverFirst.replace('r=rOpr', 'r=xxxx')],
    ['a nonce without a part of its own', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['too few rounds to keep a password', serverFirst.replace('i=4096', 'i=1')],
    ['rounds without end', serverFirst.replace('i=4096', 'i=999999999')],
    ['something else', 'e=unknown-user'],
  ] as const) {
    it(`does not go on with ${what}`, async () => {
      const scram = startScram('user', 'pencil', nonce)
      await expect(scram.final(first)).rejects.toMatchObject({ code: 'upstream.login' })
      expect(await scram.final(serverFirst)).toContain('p=')
    })
  }
})
