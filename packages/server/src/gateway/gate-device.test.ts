import { expect, test } from 'vitest'

import { alice, request, roomsFor } from './testing/rooms.ts'

test('what a client says of its device makes none: it stays a User-Agent', async () => {
  const said = 'Managed; DeviceManaged=true; sallyport:DeviceManaged true; iPhone'
  const headers = new Map([
    ...request.headers,
    ['user-agent', said],
    ['sec-ch-ua-platform', '"iOS"'],
    ['device-managed', 'true'],
  ])
  const { ask, decided } = roomsFor(alice, { deviceOf: (subject) => subject })
  await ask({ headers })
  const context = decided[0]?.asked[0].context
  expect(context).toMatchObject({ 'sallyport:DeviceManaged': false, 'aws:UserAgent': said })
  expect(Object.keys(context ?? {}).filter((key) => /Device(?:Id|Type|Source|Compliant)/.test(key))).toEqual([])
})

test('a device that was proved with the request is decided on, and one that was put out is none', async () => {
  const device = { id: 'd1', managed: true, type: 'laptop', source: 'certificate' } as const
  const evidence: unknown[] = []
  const { ask, decided } = roomsFor(alice, {
    deviceOf: (subject, shown) => {
      evidence.push(shown)
      return { ...subject, device }
    },
    standingOf: () => ({ 'sallyport:DeviceCompliant': true }),
  })
  await ask({ statements: ['s'], certificateThumbprint: 't' })
  expect(evidence).toEqual([{ statements: ['s'], certificateThumbprint: 't' }])
  expect(decided[0]?.asked[0].context).toMatchObject({ 'sallyport:DeviceManaged': true, 'sallyport:DeviceId': 'd1' })
  const out = roomsFor(alice, {
    deviceOf: (subject) => ({ ...subject, device: { ...device, compliant: false } }),
    standingOf: () => ({ 'sallyport:DeviceCompliant': true }),
  })
  await out.ask()
  const { context } = out.decided[0]?.asked[0] ?? {}
  expect(context).toMatchObject({ 'sallyport:DeviceManaged': false, 'sallyport:DeviceCompliant': false })
})
