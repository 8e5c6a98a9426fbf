import { expect, test } from 'vitest'

import { idleProcessors } from './examine.ts'

test('processors that halt at once are told, as no control, with the command that has them look for work first', () => {
  const [finding, ...others] = idleProcessors(0)
  expect(others).toEqual([])
  expect(finding).not.toHaveProperty('strength')
  expect(finding).toMatchObject({
    control: 'idle-processors',
    required: false,
    fix: expect.stringMatching(
      /^(sudo )?sh -c 'echo 200000 >\/sys\/module\/haltpoll\/parameters\/guest_halt_poll_ns'$/,
    ),
  })
  expect([200_000, undefined].flatMap(idleProcessors), 'control').toEqual([])
})
