import { openGateway } from './walk-gateway.ts'

// The gateway as `walk` has it. Told `revoke NAME`, it does, and says when that was recorded.

const users = Number(process.argv[2])
const { port, tokenOf, revoke } = await openGateway()
const names = Array.from({ length: users }, (_, index) => `user-${index}`)
process.on('message', (name: string) => {
  void revoke(`user/corp:${name}`, 'measured').then(() => process.send?.(name))
})
process.on('disconnect', () => process.exit())
process.send?.({ port, tokens: await Promise.all(names.map((user) => tokenOf(user))) })
