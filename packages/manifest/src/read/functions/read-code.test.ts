import { describe, expect, it } from 'vitest'

import { edited, faultsOf, mustLoad } from '../../testing/example.ts'

const payments = 'code: src/payments.ts'

/** How the payments function is read when its code is written so, with these files beside it. */
function codeOf(lines: string, files: readonly string[]): object {
  const there = Object.fromEntries(files.map((name) => [name, '']))
  const { app } = mustLoad(edited(payments, lines), there)
  const { code, runtime, handler, layers, boxes, event } = app.functions.find(({ name }) => name === 'payments') ?? {}
  return { code, runtime, handler, layers, boxes, event }
}

describe('what runs a function', () => {
  it.each<[string, string, readonly string[], object]>([
    ['a module', payments, [], { runtime: 'node' }],
    ['a Python file', 'code: p/app.py', ['p/app.py'], { runtime: 'python', code: '/app/p/app.py' }],
    ['a bootstrap', 'code: p/bootstrap', ['p/bootstrap'], { runtime: 'bootstrap' }],
    ['a folder with one', 'code: p', ['p', 'p/bootstrap'], { runtime: 'bootstrap' }],
    ['a folder, by its handler', 'code: p\n    handler: a/b.run', ['p', 'p/a/b.py'], { runtime: 'python' }],
    ['a folder of Node', 'code: p\n    handler: b.run', ['p', 'p/b.mjs'], { runtime: 'node', handler: 'b.run' }],
    ['what is written down', 'code: p\n    runtime: python\n    handler: b.run', ['p'], { runtime: 'python' }],
    ['the event of a REST API', `${payments}\n    event: rest`, [], { event: 'rest' }],
    ['no event in particular', payments, [], { event: undefined }],
    ['layers', `${payments}\n    layers: [l]`, ['l'], { layers: ['/app/l'] }],
  ])('is known for %s', (_, lines, files, expected) => {
    expect(codeOf(lines, files)).toMatchObject(expected)
  })

  it('is asked for where the name does not say', () => {
    const [fault] = faultsOf(edited(payments, 'code: p'), { p: '' })
    expect(fault).toMatchObject({ code: 'manifest.unsupported', suggestion: expect.stringContaining('runtime:') })
  })

  it.each(['/etc', '../up'])('is taken from the app folder alone: not from %s', (path) => {
    for (const lines of [`code: ${path}`, `${payments}\n    layers: [${path}]`])
      expect(faultsOf(edited(payments, lines)).map(({ code }) => code)).toContain('manifest.outside_folder')
  })
})

describe('boxes', () => {
  it('have defaults, each of which may be written down', () => {
    expect(codeOf(payments, [])).toMatchObject({ boxes: { min: 1, max: 8, idleMs: 300_000, queue: 128 } })
    const written = `${payments}\n    boxes: { min: 0, max: 2, idle: 10s, queue: 0 }`
    expect(codeOf(written, [])).toMatchObject({ boxes: { min: 0, max: 2, idleMs: 10_000, queue: 0 } })
    expect(codeOf(`${payments}\n    boxes: { max: 2 }`, [])).toMatchObject({ boxes: { min: 1, queue: 32 } })
  })

  it('are not more at least than at most', () => {
    const faults = faultsOf(edited(payments, `${payments}\n    boxes: { min: 3, max: 2 }`))
    expect(faults.map(({ code }) => code)).toEqual(['manifest.unsupported'])
  })
})
