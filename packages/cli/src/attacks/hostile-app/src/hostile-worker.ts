import { perform } from './hostile.ts'
import type { Instruction } from './instruction.ts'

/** HOSTILE, ON PURPOSE: the same code as a worker. */
const worker = {
  fetch: async (request: Request): Promise<Response> => {
    const text = await request.text()
    const outcome = await perform(JSON.parse(text === '' ? '{}' : text) as Instruction) // parse boundary: an attack's
    return new Response(JSON.stringify(outcome), { headers: { 'content-type': 'application/json' } })
  },
}

export { worker as default }
