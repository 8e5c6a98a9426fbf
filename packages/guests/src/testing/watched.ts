// A process that watches over its memory, and does nothing else until it is ended.
import { watchOver } from '../inside/watch.ts'

watchOver(Number(process.argv[2]))
setInterval(() => undefined, 1_000)
