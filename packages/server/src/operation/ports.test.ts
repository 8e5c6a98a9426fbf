import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

import { expect, test } from 'vitest'

import { tryPort } from './ports.ts'

test('a port that another program holds is found out, and a free one is left free', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo // listening on TCP, so it is one
  await expect(tryPort(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  holder.close()
  await once(holder, 'close')
  await tryPort(port)
  await tryPort(port)
})
