import type { Shape } from './shape.ts'
import { url } from './words.ts'

type RecordShape = Extract<Shape, { kind: 'record' }>

const idempotent = {
  shape: { kind: 'flag' },
  about: 'An attempt that failed on the way may be made again, twice; once only unless said.',
} as const
const calls = {
  about: 'How many it may be given at once, and how many wait.',
  shape: {
    kind: 'record',
    keys: {
      max: { shape: { kind: 'integer', minimum: 1, maximum: 1_000 }, about: 'At once; 8 unless said.' },
      queue: {
        shape: { kind: 'integer', minimum: 0, maximum: 10_000 },
        about: 'Calls that may wait; 16 for each at once unless said.',
      },
    },
  },
} as const
const inside = { shape: { kind: 'flag' }, about: 'It may be at a private address.' } as const

function engine(name: string): RecordShape['keys'][string] {
  const shape = { kind: 'text', says: name, options: [name] } as const
  return { shape, required: true, tells: true, about: 'Where it runs.' }
}

/**
 * A function that runs in a box here, as `here` says, or elsewhere: at an address, or in AWS Lambda. Elsewhere there is
 * no `can`, no `env` and no `reuse`: what that machine reaches, holds and shares is not ours to say.
 */
export function hereOrElsewhere(here: RecordShape): Shape {
  const { zone, routes, offers, event, timeout } = here.keys
  if (zone === undefined || routes === undefined || offers === undefined || timeout === undefined) return here
  if (event === undefined) return here
  const common = { zone, routes, offers, event, timeout, calls, idempotent, private: inside }
  const http: RecordShape = {
    kind: 'record',
    keys: {
      ...common,
      engine: engine('http'),
      url: {
        shape: url,
        required: true,
        about: 'Where it is called, with a signed ticket. May hold ${NAME:-default}.',
      },
      version: {
        shape: {
          kind: 'text',
          says: 'a version of at most 128 characters',
          scalar: true,
          pattern: /^[\x21-\x7e]{1,128}$/,
        },
        required: true,
        about: 'What a ticket names in place of a digest of its code; the far side compares it.',
      },
    },
  }
  const lambda: RecordShape = {
    kind: 'record',
    keys: {
      ...common,
      engine: engine('lambda'),
      function: {
        shape: { kind: 'text', says: 'the name of an AWS Lambda function', pattern: /^[A-Za-z0-9_-]{1,64}$/ },
        required: true,
        about: 'Its name in AWS Lambda.',
      },
      version: {
        shape: {
          kind: 'text',
          says: 'a published version such as 42, or an alias',
          scalar: true,
          pattern: /^(?:\$LATEST|[A-Za-z0-9_-]{1,128})$/,
        },
        required: true,
        about: 'Which version is invoked. A number cannot change; an alias and $LATEST can.',
      },
      region: {
        shape: { kind: 'text', says: 'an AWS region', pattern: /^[a-z]{2}(?:-[a-z]+)+-\d$/ },
        required: true,
        about: 'Its AWS region.',
      },
      endpoint: { shape: url, about: "In place of the region's own address. May hold ${NAME:-default}." },
    },
  }
  return { kind: 'either', of: [here, http, lambda] }
}
