import type { Guard } from './guard.ts'

const inside = 'packages/server/src/host/inside'
const clients = [`${inside}/clients.test.ts`]
const full = [`${inside}/full-memory.test.ts`]
const pack = ['packages/server/src/host/build/pack.test.ts']

/** One check of a ticket: what it looks for in words of the test, the check, and what stands there without it. */
type Check = readonly [what: string, code: string, without: string]

const inNode: readonly Check[] = [
  ['of another version', "version !== 'v1' || more", "version === '' || more"],
  ['with a fourth part', ' || more.length > 0) refuse', ') refuse'],
  ['with half a tag', 'given.length !== mac.length || ', ''],
  ['whose tag is spelled otherwise', " || given.toString('base64url') !== tag) refuse", ') refuse'],
  ['of another key', "if (!timingSafeEqual(given, mac)) refuse('ticket.mac')", ''],
  ['that ends before it begins', 'expiresAtSeconds > issuedAtSeconds && ', ''],
  ['that is good for long', ' && expiresAtSeconds - issuedAtSeconds <= 60', ''],
  ['that is over', "if (now >= expiresAtSeconds) refuse('ticket.expired')", ''],
  ['of tomorrow', "if (now < issuedAtSeconds - 2) refuse('ticket.not_yet_valid')", ''],
  ['for another function', "if (claims.audience !== identity.audience) refuse('ticket.audience')", ''],
  ['for other code', "if (claims.codeDigest !== identity.codeDigest) refuse('ticket.code')", ''],
  ['for another event', "createHash('sha256').update(body).digest('hex')) refuse", 'claims.bodySha256) refuse'],
  ['of another attempt', 'claims.attempt !== id || ', ''],
]

const inPython: readonly Check[] = [
  ['of another version', ' or parts[0] != "v1"', ''],
  ['with a fourth part', 'if len(parts) != 3 or', 'if len(parts) < 3 or'],
  ['of another key', 'if not hmac.compare_digest(encode(mac), parts[2].encode("ascii", "replace")):', 'if False:'],
  ['that ends before it begins', 'issued < expires <= issued + 60', 'expires <= issued + 60'],
  ['that is good for long', 'issued < expires <= issued + 60', 'issued < expires'],
  ['that is over', 'if now >= expires:', 'if False:'],
  ['of tomorrow', 'if now < issued - 2:', 'if False:'],
  ['for another function', 'if claims["audience"] != handed["audience"]:', 'if False:'],
  ['for other code', 'if claims["codeDigest"] != handed["codeDigest"]:', 'if False:'],
  ['for another event', 'if claims["bodySha256"] != hashlib.sha256(body).hexdigest():', 'if False:'],
  ['of another attempt', 'claims["attempt"] != attempt or ', ''],
]

function tickets(client: 'client.mjs' | 'client.py', checks: readonly Check[]): readonly Guard[] {
  return checks.map(([what, code, without]) => ({
    name: `${client} takes no ticket ${what}`,
    attack: `${client} takes no ticket ${what}`,
    file: `${inside}/${client}`,
    code,
    without,
    noticedBy: clients,
    testName: `${client} takes no ticket ${what}`,
  }))
}

/** What runs inside the box: our runtimes, and what reads an app's folder. */
export const insideGuards: readonly Guard[] = [
  ...tickets('client.mjs', inNode),
  ...tickets('client.py', inPython),
  {
    name: 'client.mjs takes no ticket twice',
    attack: 'functions.replayed-ticket',
    file: `${inside}/client.mjs`,
    code: ' || seen.has(claims.attempt)',
    without: '',
    noticedBy: clients,
    testName: 'client.mjs takes no ticket twice',
  },
  {
    name: 'client.py takes no ticket twice',
    attack: 'functions.replayed-ticket',
    file: `${inside}/client.py`,
    code: ' or attempt in seen',
    without: '',
    noticedBy: clients,
    testName: 'client.py takes no ticket twice',
  },
  {
    name: 'a function in Node returns so many bytes',
    attack: 'refuses an answer over 6 MB and takes one just below',
    file: `${inside}/client.mjs`,
    code: "if (body.length <= maxResponseBytes) return { kind: 'response', body }",
    without: "if (body.length > 0) return { kind: 'response', body }",
    noticedBy: clients,
    testName: 'client.mjs returns no more',
  },
  {
    name: 'a function in Python returns so many bytes',
    attack: 'refuses an answer over 6 MB and takes one just below',
    file: `${inside}/client.py`,
    code: 'if len(body) > MAX_RESPONSE_BYTES:',
    without: 'if False:',
    noticedBy: clients,
    testName: 'client.py returns no more',
  },
  {
    name: 'a content type of a stream holds no further header',
    attack: 'takes no content type that holds a further header',
    file: `${inside}/streaming.mjs`,
    code: 'if (!/^[\\x20-\\x7e]{1,256}$/.test(type)) throw',
    without: "if (type === '') throw",
    noticedBy: clients,
    testName: 'takes no content type',
  },
  {
    name: 'the name of a late failure holds no further trailer',
    attack: 'tells a late failure by a name that holds no further trailer',
    file: `${inside}/streaming.mjs`,
    code: ".replace(/[^\\x21-\\x7e]/g, '_')",
    without: '',
    noticedBy: clients,
    testName: 'tells a late failure',
  },
  {
    name: 'a fetch function answers with a Response',
    attack: 'takes from a fetch function nothing but a Response',
    file: `${inside}/client.mjs`,
    code: "if (!(response instanceof Response)) throw new TypeError('fetch must answer with a Response')",
    without: 'if (!(response instanceof Response)) return response',
    noticedBy: clients,
    testName: 'nothing but a Response',
  },
  {
    name: 'a folder that is packed brings no keys of the server’s',
    attack: 'leaves out keys and histories',
    file: `${inside}/pack.mjs`,
    code: "'.sallyport', '.git'",
    without: "'.git'",
    noticedBy: pack,
    testName: 'leaves out keys and histories',
  },
  {
    name: 'a full memory of tickets forgets none, in Node',
    attack: 'a ticket is taken again after a flood of others',
    file: `${inside}/client.mjs`,
    code: "if (seen.size >= 100_000) refuse('ticket.replay_memory_full')",
    without: '',
    noticedBy: full,
    testName: 'client.mjs refuses the next one',
  },
  {
    name: 'a full memory of tickets forgets none, in Python',
    attack: 'a ticket is taken again after a flood of others',
    file: `${inside}/client.py`,
    code: 'if len(seen) >= MAX_TICKETS_SEEN:',
    without: 'if False:',
    noticedBy: full,
    testName: 'client.py refuses the next one',
  },
]
