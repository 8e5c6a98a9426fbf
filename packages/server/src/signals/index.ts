export { type OpenStream, signalGate, type SignalRooms, type Verdict } from './gate.ts'
export { pollStream } from './poll.ts'
export { pushPath, takePush } from './push.ts'
export { createStanding, type Standing, type StandingView, type StreamView } from './standing.ts'
