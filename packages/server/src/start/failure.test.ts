import { SallyportError } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { describeFailure, explainListenFailure } from './failure.ts'

test('what failed is told with its cause and its fix, and a terminal obeys none of it', () => {
  const cause = new TypeError("cannot set '\u001B[2K\u009Bx'")
  const failure = new SallyportError('dynamodb.tables', 'the tables\u202E ended', { cause, fix: 'sallyport up' })
  expect(describeFailure(failure)).toBe(
    "error dynamodb.tables: the tables\uFFFD ended\n  because: cannot set '\uFFFD[2K\uFFFDx'\n  fix: sallyport up",
  )
})

test('a disk that takes nothing more is named, with what was being written', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  expect(describeFailure(full)).toBe(
    'error server.disk: The disk is full, of the state folder or of /tmp. Make room (df -h says where); what is ' +
      'recorded stays.\n  because: ENOSPC: no space left on device, write',
  )
  const fixed = Object.assign(new Error("EROFS: read-only file system, open '/x/lock.pid'"), { code: 'EROFS' })
  expect(describeFailure(fixed)).toContain("because: EROFS: read-only file system, open '/x/lock.pid'")
  expect(describeFailure(new Error('anything else'))).toBe('error server.unexpected: anything else')
})

test('a port that is taken or forbidden is named, with the command that takes another; all else stays as it is', () => {
  const failed = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code })
  const told = (cause: unknown): unknown => explainListenFailure(cause, 443, (port) => `sallyport up --port ${port}`)
  const fix = 'sallyport up --port 0'
  expect(told(failed('EADDRINUSE'))).toMatchObject({ code: 'server.port_in_use', fix })
  expect(told(failed('EACCES'))).toMatchObject({ code: 'server.port_forbidden', fix })
  const wrapped = new SallyportError('identity_provider.port', 'cannot listen', { cause: failed('EADDRINUSE') })
  expect(told(wrapped)).toMatchObject({ code: 'server.port_in_use', fix })
  for (const other of [failed('EADDRNOTAVAIL'), new Error('of no code'), 'no error', undefined]) {
    expect(told(other)).toBe(other)
  }
})
