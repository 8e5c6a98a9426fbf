import { expect, test } from 'vitest'

import { appWith, type } from '../testing.ts'

test('user acts on a running server only, and on behalf of a person', async () => {
  const app = appWith({ 'sallyport.yaml': 'app: checkout\n' })
  try {
    for (const line of [
      ['user', 'list'],
      ['user', 'disable', 'bob', '--reason', 'left'],
      ['user', 'enable', 'bob'],
      ['user', 'add', 'carol', '--role', 'customer'],
      ['user', 'reset', 'bob', '--password', '--mfa', '--reason', 'lost both'],
      ['user', 'roles', 'carol', '--role', 'support', '--reason', 'moved'],
      ['user', 'link', 'bob', 'staff', 'b-1'],
      ['user', 'unlink', 'bob', 'staff', 'b-1', '--reason', 'left'],
      ['signals'],
    ]) {
      expect((await type(line, { cwd: app.folder })).stderr).toContain('cli.not_running')
    }
    expect((await type(['user', 'disable', 'bob'], { cwd: app.folder })).exitCode).toBe(2) // no reason
    expect((await type(['user', 'reset', 'bob', '--reason', 'x'], { cwd: app.folder })).stderr).toContain('--password')
  } finally {
    app.remove()
  }
})
