import type { Guard } from './guard.ts'

/** The gateway: what comes in is read once, strictly, and bounded. */
export const gatewayGuards: readonly Guard[] = [
  {
    name: 'paths with dot segments or encoded separators are refused',
    attack: 'functions.path-trick',
    file: 'packages/server/src/gateway/parse.ts',
    code: "if (!path.startsWith('/') || trickyPath.test(path) || !isUtf8Path(path)) {",
    without: "if (!path.startsWith('/')) {",
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a repeated Authorization header is refused',
    attack: 'tokens.two-headers',
    file: 'packages/server/src/gateway/parse.ts',
    code: 'if (values.length > 1) {',
    without: 'if (values.length > 9) {',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'what only the gateway may state is dropped from requests',
    attack: 'requests.forged-identity',
    file: 'packages/server/src/gateway/parse.ts',
    code: 'if (unbelieved.test(name)) continue',
    without: '',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'the Host header must name this gateway',
    attack: 'requests.private-host',
    file: 'packages/server/src/gateway/parse.ts',
    code: "if (!authorities.has((headers.get('host') ?? '').toLowerCase())) {",
    without: 'if (authorities.size < 0) {',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a body over the limit is not read',
    attack: 'requests.oversized-body',
    file: 'packages/server/src/gateway/body.ts',
    code: 'if (length <= maxBytes) return void chunks.push(chunk)',
    without: 'if (length >= 0) return void chunks.push(chunk)',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a body with a repeated member is refused',
    attack: 'refuses a repeated member',
    file: 'packages/server/src/gateway/body-schema.ts',
    code: 'if (duplicateMember(text) !== undefined)',
    without: 'if (duplicateMember(text) === null)',
    noticedBy: ['packages/server/src/gateway/body-schema.test.ts'],
  },
  {
    name: 'a bucket that is empty lets nothing through',
    attack: 'gives out what is in it',
    file: 'packages/server/src/gateway/rate-limit.ts',
    code: 'return tokens >= 1 ? 0 :',
    without: 'return tokens >= 0 ? 0 :',
    noticedBy: ['packages/server/src/gateway/rate-limit.test.ts'],
  },
]
