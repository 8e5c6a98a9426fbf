import assert from 'node:assert/strict'
import { test } from 'node:test'

import { serverArguments } from '@sallyport/cli'

import { parseServerArguments } from '../../packages/server/src/start/index.ts'

const none = { http: false, yes: false, json: false }

test('whatever the command hands to the server, the server understands', () => {
  const handed = (mode: 'up' | 'dev', flags: Parameters<typeof serverArguments>[1]) =>
    parseServerArguments(serverArguments(mode, flags, '/srv/app'), false)
  assert.deepEqual(handed('up', none), {
    mode: 'up',
    folder: '/srv/app',
    port: 8443,
    issuerPort: 8444,
    plainHttp: false,
    broadening: 'refuse',
  })
  assert.deepEqual(
    handed('dev', { port: 1, issuerPort: 2, http: true, yes: false, json: true, broadening: 'ask', inspect: 'till' }),
    {
      mode: 'dev',
      folder: '/srv/app',
      port: 1,
      issuerPort: 2,
      plainHttp: true,
      broadening: 'ask',
      inspect: 'till',
      json: true,
    },
  )
})

test('--yes is --broadening allow, and says so over any other', () => {
  for (const broadening of ['refuse', 'ask', 'allow'] as const) {
    const args = serverArguments('up', { ...none, yes: true, broadening }, '/srv/app')
    assert.equal(parseServerArguments(args, false).broadening, 'allow')
  }
})
