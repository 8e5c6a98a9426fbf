import { expect, test } from 'vitest'

import { replayTicket, tamperBody } from './ticket-guard.ts'

test('a box runs a ticket once and refuses it the second time', async () => {
  expect(await replayTicket()).toMatchObject({ first: 'response', stopped: true, code: 'ticket.replayed' })
})

test('a box refuses an event that its ticket was not made for, and runs the one that it was made for', async () => {
  expect(await tamperBody(true)).toMatchObject({ stopped: true, code: 'ticket.body' })
  expect(await tamperBody(false)).toMatchObject({ stopped: false, code: 'ran' })
})
