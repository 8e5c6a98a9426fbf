/** One guard of the product, how to take it out, and who must notice. */
export interface Guard {
  /** What it keeps from happening. */
  readonly name: string
  readonly file: string
  /** The guard as it stands in the file, exactly once. */
  readonly code: string
  /** What stands there once it is gone. */
  readonly without: string
  /** Test files of which at least one case must then fail. */
  readonly noticedBy: readonly string[]
}

/** Every guard that an attack could profit from the loss of. A new guard is one entry. */
export const guards: readonly Guard[] = [
  {
    name: 'paths with dot segments or encoded separators are refused',
    file: 'packages/server/src/gateway/parse.ts',
    code: "if (!path.startsWith('/') || trickyPath.test(path) || !isUtf8Path(path)) {",
    without: "if (!path.startsWith('/')) {",
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a repeated Authorization header is refused',
    file: 'packages/server/src/gateway/parse.ts',
    code: 'if (credentials.length > 1) {',
    without: 'if (credentials.length > 9) {',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'what only the gateway may state is dropped from requests',
    file: 'packages/server/src/gateway/parse.ts',
    code: 'if (unbelieved.test(name)) continue',
    without: '',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'the Host header must name this gateway',
    file: 'packages/server/src/gateway/parse.ts',
    code: "if (!authorities.has((headers.get('host') ?? '').toLowerCase())) {",
    without: 'if (authorities.size < 0) {',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a body over the limit is not read',
    file: 'packages/server/src/gateway/body.ts',
    code: 'if (length <= maxBytes) return void chunks.push(chunk)',
    without: 'if (length >= 0) return void chunks.push(chunk)',
    noticedBy: ['packages/server/src/gateway/listener.test.ts'],
  },
  {
    name: 'a body with a repeated member is refused',
    file: 'packages/server/src/gateway/body-schema.ts',
    code: 'if (duplicateMember(text) !== undefined)',
    without: 'if (duplicateMember(text) === null)',
    noticedBy: ['packages/server/src/gateway/body-schema.test.ts'],
  },
  {
    name: 'a bucket that is empty lets nothing through',
    file: 'packages/server/src/gateway/rate-limit.ts',
    code: 'return tokens >= 1 ? 0 :',
    without: 'return tokens >= 0 ? 0 :',
    noticedBy: ['packages/server/src/gateway/rate-limit.test.ts'],
  },
]
