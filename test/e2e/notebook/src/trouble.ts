interface Event {
  readonly pathParameters?: { readonly how?: string }
}

const ways: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new TypeError('the notebook is upside down')
  },
  hangs: () => new Promise(() => undefined),
  spins: () => {
    for (;;);
  },
  exits: () => process.exit(3),
  floods: () => {
    for (let line = 0; line < 60_000; line++) process.stdout.write(`line ${line} ${'-'.repeat(80)}\n`)
    return { statusCode: 200, body: 'flooded' }
  },
  returns7MB: () => ({ statusCode: 200, body: 'x'.repeat(7 * 1024 * 1024) }),
  eatsMemory: () => {
    const kept: Buffer[] = []
    for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
  },
  answers: () => ({ statusCode: 200, body: 'well' }),
}

/** Goes wrong in the way that the path names. */
export async function handler({ pathParameters }: Event): Promise<unknown> {
  return ways[pathParameters?.how ?? 'answers']?.()
}
