import type { Guard } from './guard.ts'

const file = 'packages/server/src/gateway/parse.ts'
const noticedBy = ['packages/server/src/gateway/parse.test.ts']

type Row = readonly [testName: string, code: string, without: string]

function rows(attack: string, name: (testName: string) => string, table: readonly Row[]): readonly Guard[] {
  return table.map(([testName, code, without]) => ({
    name: name(testName),
    attack,
    file,
    code,
    without,
    noticedBy,
    testName,
  }))
}

const names = "new Set(['content-length', 'content-type', 'host', 'transfer-encoding'])"

/** The head of a request at the gateway, word by word: each of these lets two readers of one request disagree. */
export const gatewayHeadGuards: readonly Guard[] = [
  ...rows('a header that comes twice has two readings', (one) => `at the gateway ${one}`, [
    ['of content-length there is one', names, "new Set(['content-type', 'host', 'transfer-encoding'])"],
    ['of content-type there is one', names, "new Set(['content-length', 'host', 'transfer-encoding'])"],
    ['of host there is one', names, "new Set(['content-length', 'content-type', 'transfer-encoding'])"],
    ['of transfer-encoding there is one', names, "new Set(['content-length', 'content-type', 'host'])"],
  ]),
  ...rows('requests.forged-identity', (one) => one, [
    ['no client speaks for a proxy by the usual names', "'forwarded(-for)?|via|remote-(user|addr)',", ''],
    ['no client speaks for a proxy by x- names', "'x-(forwarded|amzn?|sallyport|original|rewrite)(-.*)?',", ''],
    [
      'no client speaks for whoever knows an address',
      "'(x-)?(real|client|true-client|fastly-client|cluster-client|originating|remote)-(ip|addr)',",
      '',
    ],
    [
      'no client speaks for what signs people in',
      "'x-(auth-request|goog-(iap|authenticated)|ms-client-principal|remote)-.*|x-(ms-client-principal|remote-user)',",
      '',
    ],
    ['no client speaks for what ends TLS', "'(x-)?(ssl|tls)-client-.*|x-client-cert.*',", ''],
    ['no client speaks for the method', "'x-(http-)?method(-override)?',", ''],
    ['no client speaks for anybody in another spelling', ".replaceAll('_', '-')", ''],
  ]),
  ...rows('functions.path-trick', (one) => `at the gateway ${one}`, [
    ['a path with an encoded slash', '/%2f|', '/'],
    ['a path with an encoded backslash', '|%5c|', '|'],
    ['a path with an encoded zero', '|%00|', '|'],
    ['a path with an encoded dot', '|%2e|', '|'],
    ['a path with an empty segment', '|\\/\\/|;', '|;'],
    ['a path with a parameter of a segment', '|;|', '|'],
    ['a path with a backslash', ';|\\\\|', ';|'],
    ['a path with a space', '[\\u0000-\\u0020\\u007f-\\uffff]', '[\\u0000-\\u001f\\u007f-\\uffff]'],
    ['a path with what is not ASCII', '[\\u0000-\\u0020\\u007f-\\uffff]', '[\\u0000-\\u0020]'],
    ['a path with a segment of two dots', '\\.{1,2}', '\\.{1,1}'],
    ['a path with a segment of one dot', '\\.{1,2}(\\/|$)', '\\.{1,2}\\/'],
    ['a path with a percent sign', ' || !isUtf8Path(path)', ''],
    ['a path with no slash at its start', "!path.startsWith('/') || ", ''],
  ]),
  ...rows('a function is told what was said to the gateway', (one) => one, [
    ['what belongs to the connection goes no further than it', 'for (const name of hopByHop) headers.delete(name)', ''],
    ['evidence of who asks is no header', 'evidence[name].push(value)\n      continue', 'evidence[name].push(value)'],
  ]),
]
