import { expect, test } from 'vitest'

import { type BoxEngineOptions, createBoxEngine } from './box-engine.ts'
import { type IsolationFinding, isolationOf } from './kernel/isolation.ts'

/** What comes of an engine where these were found; where isolation is enough, it goes on to find no folder for it. */
function open(findings: readonly IsolationFinding[]): Promise<unknown> {
  const options = { runtimeDir: '/dev/null/runtime', probe: async () => isolationOf(findings) }
  return createBoxEngine(options as Partial<BoxEngineOptions> as BoxEngineOptions).catch((error: unknown) => error)
}

for (const control of ['programs', 'user-namespaces', 'system-call-filter'] as const) {
  test(`where ${control} is absent no engine is opened, and what would mend it is told`, async () => {
    const there: IsolationFinding = { control, strength: 'hard', detail: 'it is here' }
    expect(await open([there]), 'control').toMatchObject({ code: 'ENOTDIR' })
    const absent: IsolationFinding = { control, strength: 'absent', detail: 'it is not here', fix: 'sysctl -w x=1' }
    expect(await open([absent])).toMatchObject({
      code: 'host.isolation_unavailable',
      message: `functions cannot be isolated here: ${control}: it is not here`,
      fix: 'sysctl -w x=1',
    })
  })
}
