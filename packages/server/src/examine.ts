import { examineHost } from './host/index.ts'

// A program of its own, so that the command line can ask what this machine can do without loading the server.
process.stdout.write(`${JSON.stringify({ findings: await examineHost() })}\n`)
