import type { Guard } from './guard.ts'

const room = 'packages/server/src/host'
const inside = `${room}/inside`
const builds = [`${inside}/build-answer.test.ts`]
const workers = [`${inside}/workerd-workers.test.ts`]
const configs = [`${room}/runtime/workerd-config.test.ts`]

type Row = readonly [name: string, code: string, without: string, testName: string]

function rows(file: string, noticedBy: readonly string[], attack: string, table: readonly Row[]): readonly Guard[] {
  return table.map(([name, code, without, testName]) => ({ name, attack, file, code, without, noticedBy, testName }))
}

/** What a build says of itself, and the two workers of workerd. */
export const insideWorkerGuards: readonly Guard[] = [
  ...rows(`${inside}/build-answer.mjs`, builds, 'refuses an import that leaves the app', [
    [
      "a build does not reach the server's keys",
      '&& !path.startsWith(`${job.app}/.sallyport/`)',
      '',
      "is none that read the server's keys",
    ],
    [
      'a build that read outside its folders is none',
      'if (outside.length > 0)',
      'if (outside.length < 0)',
      'is none that read what a link in the app leads to',
    ],
    [
      'a build looks where a file really lies',
      '!isInside(realpathSync(at))\n  }\n\n  /** A `require`',
      '!isInside(at)\n  }\n\n  /** A `require`',
      'is none that read what a link in the app leads to',
    ],
    [
      'a folder of another name is another folder',
      'path.startsWith(root + sep)',
      'path.startsWith(root)',
      'whose name begins as that of the app',
    ],
    [
      'a file is looked at whatever its name',
      "(existsSync(at) || !path.startsWith('<data:')) &&",
      "!path.startsWith('<data:') &&",
      'named like a data: URL',
    ],
    [
      'what a build left for the run that leads outside is told',
      '? [outsideFault(path, { file: importer, line: 1, column: 0 })]',
      '? []',
      'says what it left for the run',
    ],
  ]),
  ...rows(`${inside}/build-answer.mjs`, builds, 'an import that leaves the app is told as a slip of the keys', [
    ['an import out of the app is told as one', '!isInside(target) || ', '', 'out of the app is build.outside_app'],
    [
      'a link out of the app is told as one',
      "return !isInside(target) || ['', '.ts', '.js', '.mjs', '.json'].some((end) => isBrokenLink(target + end))",
      'return !isInside(target)',
      'by a link out of the app is',
    ],
    [
      'a link out of a module folder is told as one',
      'return roots.some((root) => [join(root, name), join(root',
      'return roots.some((root) => root === name && [join(root, name), join(root',
      'by a link in a module folder',
    ],
    ['a link to what is not here leads outside', 'return true\n', 'return false\n', 'by a broken link'],
  ]),
  ...rows(`${inside}/workerd-loop.mjs`, workers, 'a function in workerd answers in the name of another place', [
    ['a redirect of a function is its answer', "{ redirect: 'manual' }", '{}', 'follows no redirect'],
    [
      'what a function threw is no answer',
      "if (response.headers.has('sallyport-failure')) return",
      'if (response.bodyUsed) return',
      'tells what the function threw',
    ],
    [
      'a loop that is refused ends',
      'if (next.status !== 200) throw new Error(`the host answered with ${next.status}`)',
      '',
      'ends where the host says so',
    ],
  ]),
  ...rows(`${inside}/workerd-shim.mjs`, workers, 'a function in workerd goes on after its answer', [
    [
      'what was promised for later is done before an answer',
      'await Promise.allSettled(waiting)',
      '',
      'what was promised for later is done',
    ],
    [
      'a worker answers with a Response',
      "if (!(response instanceof Response)) throw new TypeError('fetch must answer with a Response')",
      '',
      'an answer that is no Response',
    ],
  ]),
  ...rows(`${room}/runtime/workerd-config.ts`, configs, 'a variable binds a function to the Runtime API', [
    ['a value is one value', 'text = ${text(value)})', 'text = "${value}")', 'whatever stands in it'],
    ['a name is one name', '(name = ${text(name)}, text', '(name = "${name}", text', 'whatever stands in it'],
    [
      'what would end a text is escaped',
      'value.replaceAll(/["\\\\\\p{Cc}]/gu',
      'value.replaceAll(/[\\p{Cc}]/gu',
      'whatever stands in it',
    ],
    [
      'a function is bound to its variables alone',
      "bindings = [${bindings.join(', ')}],",
      'bindings = [(name = "RUNTIME", service = "runtime"), ${bindings.join(\', \')}],',
      'is bound to its variables alone',
    ],
    [
      'a function trusts whom its box trusts',
      'tlsOptions = (trustedCertificates = [${text(caPem)}]),',
      'tlsOptions = (trustBrowserCas = true),',
      'trusts whom its box trusts',
    ],
  ]),
]
