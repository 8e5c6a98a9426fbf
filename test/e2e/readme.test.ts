import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

import { helpTexts } from '../../packages/cli/src/index.ts'
import { type RunningCheckout, startCheckout } from './checkout.ts'

const top = join(import.meta.dirname, '../..')
const readme = readFileSync(join(top, 'README.md'), 'utf8')

/** One fenced block, with the words before it. */
interface Block {
  readonly language: string
  readonly text: string
  readonly before: string
}

const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((match): Block => ({
  language: match[1] ?? '',
  text: match[2] ?? '',
  before: readme.slice(0, match.index),
}))
const consoles = blocks.filter(({ language }) => language === 'console')

let shop: RunningCheckout

before(async () => {
  shop = await startCheckout()
})
after(() => shop.close())

test('README.md fits on three screens', () => {
  assert.ok(readme.split('\n').length <= 150)
  assert.ok(consoles.length >= 2 && blocks.some(({ language }) => language === 'yaml'))
})

// One after the other and in order: an id that one command prints is what the next one asks about.
test('every command in README.md prints what README.md says', async () => {
  const ids = new Map<string, string>()
  for (const { text } of consoles) {
    for (const [, line = '', said = ''] of text.matchAll(/^\$ (.+)\n((?:(?!\$ ).*\n)*)/gm)) {
      const [program, ...args] = line.split(' ').map((word) => ids.get(word) ?? word)
      assert.equal(program, 'npx', line)
      assert.equal(args.shift(), 'sallyport', line)
      const printed = await run(args)
      for (const [index, id] of idsIn(said).entries()) ids.set(id, idsIn(printed)[index] ?? id)
      assert.equal(normalised(printed), normalised(said), `$ ${line}`)
    }
  }
  assert.ok(ids.size > 0)
})

test('what README.md shows of a file stands there word for word', () => {
  for (const { text, before: words } of blocks.filter(({ language }) => language === 'yaml')) {
    const file = /\]\(([^)]+\.yaml)\)[^`]*$/.exec(words)?.[1] ?? ''
    assert.ok(readFileSync(join(top, file), 'utf8').includes(text), `${file} does not hold:\n${text}`)
  }
})

test('the two commands are scripts of this checkout', () => {
  const named = [...readme.matchAll(/^npm (start|test)\b/gm)].map(([, name]) => name)
  assert.deepEqual(named, ['start', 'test'])
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  for (const name of named) assert.ok(scripts[name ?? ''])
})

test('the table names every command that there is, and no other', () => {
  const rows = readme.slice(readme.indexOf('| Command |')).split('\n\n')[0] ?? ''
  const named = [...rows.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => cell.match(/[a-z]+/g) ?? [])
  const verbs = helpTexts().map(([route]) => route.split(' ')[1] ?? '')
  assert.deepEqual([...new Set(named)].toSorted(), [...new Set(verbs.filter((verb) => verb !== ''))].toSorted())
})

test('every link from one of our documents to another leads somewhere', () => {
  const documents = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: top })
  assert.ok(documents.length >= 8)
  const broken = documents.flatMap((file) => {
    const text = readFileSync(join(top, file), 'utf8')
    return [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(#[^)]*)?\)/g)].flatMap(([, path = '', anchor = '']) => {
      const target = path === '' ? join(top, file) : join(top, dirname(file), path)
      if (!existsSync(target)) return [`${file} → ${path}`]
      return anchor === '' || headings(target).includes(anchor) ? [] : [`${file} → ${path}${anchor}`]
    })
  })
  assert.deepEqual(broken, [])
})

function headings(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(
    ([, text = '']) =>
      `#${text
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')}`,
  )
}

function run(args: readonly string[]): Promise<string> {
  const command = [...process.execArgv, join(top, 'packages/cli/bin/sallyport.js'), ...args]
  const child = spawn(process.execPath, command, { cwd: shop.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => void (said += text))
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(said))
  })
}

const idsIn = (text: string): readonly string[] => text.match(/\b[0-9a-f]{32}\b/g) ?? []

/** Ids, times and durations differ from run to run; nothing else may. */
function normalised(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d+ ms\b/g, 'MS')
    .trimEnd()
}
