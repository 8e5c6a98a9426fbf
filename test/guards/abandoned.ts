import { type Guard, guardsIn } from './guard.ts'

const host = 'server/src/host'
const abandoned = `${host}/kernel/abandoned`

/** Processes that nobody would end, such as a sandbox whose bubblewrap was killed before their lives were tied. */
export const abandonedGuards: readonly Guard[] = guardsIn([
  [
    'a sandbox that is watched over lives',
    `${abandoned}.ts`,
    'if (isFirst && parent !== undefined && !(await isMarked(parent))) end',
    'if (isFirst && parent !== undefined) end',
    abandoned,
    'no other, of ours or of anybody',
  ],
  [
    'who watches over a sandbox lives',
    `${abandoned}.ts`,
    'if (isFirst && parent',
    'if (parent',
    abandoned,
    'no other, of ours or of anybody',
  ],
  [
    'sandboxes of others are left alone',
    `${abandoned}.ts`,
    'if (!(await isMarked(pid))) continue',
    "if (!(await read(pid, 'cmdline')).startsWith(`${bwrap}\\0`)) continue",
    abandoned,
    'no other, of ours or of anybody',
  ],
  [
    'what a killed server left is ended by the next',
    `${host}/box-engine.ts`,
    'await endAbandoned(tools.bwrap)',
    '',
    abandoned,
    'an engine that begins',
  ],
  [
    'a parser that never served leaves nobody behind',
    `${host}/box/parser-process.ts`,
    'if (!serves) await endAbandoned(tools.bwrap)',
    '',
    abandoned,
    'ended before it serves',
  ],
  [
    'a parser is known for one of ours',
    `${host}/box/parser-process.ts`,
    '[tools.bwrap, ...mark, ...namespaces',
    '[tools.bwrap, ...namespaces',
    abandoned,
    'says on its command line whose it is',
  ],
  [
    'a box is known for one of ours',
    `${abandoned}.ts`,
    'return [bwrap, ...mark,',
    'return [bwrap,',
    abandoned,
    'says on its command line whose it is',
  ],
  [
    'a box that was killed while it began leaves nobody behind',
    `${host}/box/pod.ts`,
    'await endAbandoned(bwrap)',
    '{}',
    `${host}/box/pod`,
    'before the word that it waits for',
  ],
  [
    'who bundles what a parser runs is gone with the work',
    `${host}/box/parser-bundle.ts`,
    'if (underWay === 0) await stop()',
    '',
    `${host}/box/parser-bundle`,
    'is gone with it',
  ],
])
