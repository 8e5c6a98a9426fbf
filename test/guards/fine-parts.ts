import type { Guard } from './guard.ts'

const room = 'packages/server/src/host'
const egress = 'packages/server/src/egress'
const api = [`${room}/runtime/runtime-api.test.ts`]

/** What a function, or an upstream, may make of the one thread that serves everybody, by saying little many times. */
export const finePartGuards: readonly Guard[] = [
  {
    name: 'an answer that comes byte by byte is read in turns with everybody else',
    attack: 'a function whose answer comes in chunks of one byte holds up everybody’s calls for seconds',
    file: `${room}/runtime/in-turns.ts`,
    code: 'if (held.length >= partsInTurn || bytes >= enoughBytes) body.pause()',
    without: 'if (bytes >= enoughBytes) body.pause()',
    noticedBy: [`${room}/runtime/in-turns.test.ts`],
    testName: 'wait after so many parts',
  },
  {
    name: 'who goes on byte by byte is given less and less',
    attack: 'eight functions answer byte by byte at one time',
    file: `${room}/gather.ts`,
    code: 'restMs = Math.min(restMs * 2, longestRestMs)',
    without: 'restMs = firstRestMs',
    noticedBy: [`${room}/gather.test.ts`],
    testName: 'longer and longer rests',
  },
  {
    name: 'an upstream that answers byte by byte waits',
    attack: 'an upstream that answers in chunks of one byte holds up everybody’s calls for seconds',
    file: `${egress}/upstream/answer-sink.ts`,
    code: 'if (held.length >= partsInTurn) flow.pause()',
    without: '',
    noticedBy: [`${egress}/upstream/upstream-handler.test.ts`],
    testName: 'asks an upstream for no more',
  },
  {
    name: 'an upstream that answers byte by byte waits also for who reads at once',
    attack: 'an upstream that answers in chunks of one byte holds up everybody’s calls for seconds',
    file: `${egress}/upstream/answer-sink.ts`,
    code: 'if (!resting) flow.resume()',
    without: 'flow.resume()',
    noticedBy: [`${egress}/upstream/upstream-handler.test.ts`],
    testName: 'asks an upstream for no more',
  },
  {
    name: 'no more of an answer is asked for than is taken',
    attack: 'an answer that nobody reads fills the server’s memory',
    file: `${room}/runtime/in-turns.ts`,
    code: 'if (held.length >= partsInTurn || bytes >= enoughBytes) body.pause()',
    without: 'if (held.length >= partsInTurn) body.pause()',
    noticedBy: [`${room}/runtime/in-turns.test.ts`],
    testName: 'no more than is taken',
  },
  {
    name: 'a body that broke off is no answer',
    attack: 'half an answer is taken for a whole one',
    file: `${room}/runtime/in-turns.ts`,
    code: 'if (failure !== undefined) throw failure',
    without: '',
    noticedBy: [`${room}/runtime/in-turns.test.ts`],
    testName: 'broke off',
  },
  {
    name: 'what comes beside the question for an event is not read later',
    attack: 'bytes one by one behind GET /next, which are read without a measure',
    file: `${room}/runtime/runtime-api.ts`,
    code: ' && !hasBody(request)',
    without: '',
    noticedBy: api,
    testName: 'reads nothing beside',
  },
  {
    name: 'requests that no runtime makes end its connection',
    attack: 'a function that asks for nothing a hundred thousand times a second',
    file: `${room}/runtime/runtime-api.ts`,
    code: 'if (breaches > maxBreaches) close()',
    without: '',
    noticedBy: api,
    testName: 'again and again',
  },
  {
    name: 'a line of output costs more than its bytes',
    attack: 'a flood of lines of one letter takes half of the thread that serves everybody, and the log of all others',
    file: `${room}/box/output.ts`,
    code: 'spent += head.length + lineBytes',
    without: 'spent += head.length + 1',
    noticedBy: [`${room}/box/output.test.ts`],
    testName: 'of short lines',
  },
  {
    name: 'lines of nothing are read no faster than others',
    attack: 'a flood of empty lines takes a third of the thread that serves everybody',
    file: `${room}/box/output.ts`,
    code: 'readBytes += chunk.length + cutter.push(chunk) * lineBytes',
    without: 'readBytes += chunk.length + cutter.push(chunk) * 0',
    noticedBy: [`${room}/box/output.test.ts`],
    testName: 'of short lines',
  },
]
