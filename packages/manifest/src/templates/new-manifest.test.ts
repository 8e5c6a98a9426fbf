import { describe, expect, it } from 'vitest'

import { loadApp } from '../check/load-app.ts'
import { surroundingsOf } from '../testing/example.ts'
import { newManifest } from './new-manifest.ts'

describe('a new app', () => {
  it('loads, and its own statements hold', () => {
    const { files } = newManifest('My Shop', '../sallyport.schema.json')
    const loaded = loadApp('/app', surroundingsOf(files))
    expect(loaded.ok ? [] : loaded.faults).toEqual([])
    expect(loaded).toMatchObject({ ok: true, app: { name: 'my-shop' } })
  })

  it('has a name that fits into an ARN, whatever the folder is called', () => {
    expect(
      ['', '...', '42', 'Ünïcode', 'a'.repeat(200), 'x_y'].map(
        (name) => newManifest(name, '../sallyport.schema.json').name,
      ),
    ).toEqual(['app', 'app', 'app', 'unicode', 'a'.repeat(63), 'x-y'])
  })
})
