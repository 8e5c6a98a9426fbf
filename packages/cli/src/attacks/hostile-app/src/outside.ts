import { perform } from './hostile.ts'
import type { Instruction } from './instruction.ts'

// The positive control: the same code, the same instruction, and no box around it.
const instruction = JSON.parse(process.argv[2] ?? '{}') as Instruction // parse boundary: the attack wrote it
console.log(JSON.stringify(await perform(instruction)))
