// A server that is killed while its guest loops: it says which process that is, and waits for its end.
import { guestInput } from '../input.ts'
import { keepGuest } from '../keeper.ts'
import { opaGuest, request } from './guest.ts'

const { bytes, name, engine, memoryMb } = await opaGuest('loop')
const policy = Buffer.from(bytes).toString('base64')
const kept = { name, engine, policy, entrypoint: 'loop', memoryMb, deadlineMs: 600_000 }
const keeper = await keepGuest(kept, () => undefined)
void keeper.ask([guestInput(request())])
process.stdout.write(`${keeper.pid()}\n`)
