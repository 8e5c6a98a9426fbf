import { expect, test } from 'vitest'

import { appWith, decision, segment, type } from '../testing.ts'

const alice = 'arn:sallyport:identity:checkout::user/alice'

test('who follows one person through the functions that acted for them, session by session', async () => {
  const app = appWith({
    'sallyport.yaml': 'app: checkout\n',
    '.sallyport/ledger/00000000000000000000.seg': segment([
      {
        kind: 'sign-in',
        at: Date.UTC(2026, 0, 2),
        event: 'signed-in',
        code: 'sign-in.done',
        user: 'alice',
        address: '127.0.0.1',
        sessionId: 's1',
        methods: ['fed', 'otp', 'mfa'],
        upstream: 'staff',
        subject: 'a-1',
        device: 'alice-device-1',
      },
      decision({ id: 'd1', transaction: 't1', sessionId: 's1' }),
      decision({
        id: 'd2',
        transaction: 't1',
        parent: 'd1',
        subject: 'arn:sallyport:function:checkout:internal:orders',
        subjectName: 'orders',
        user: alice,
        door: 'egress',
      }),
      decision({
        id: 'd3',
        transaction: 't2',
        subject: 'arn:sallyport:identity:checkout::user/bob',
        subjectName: 'bob',
      }),
      decision({ id: 'd4', transaction: 't3', sessionId: 's2', effect: 'deny' }),
    ]),
  })
  try {
    const { stdout, exitCode } = await type(['who', 'alice'], { cwd: app.folder })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('by fed, otp, mfa at staff as a-1 on alice-device-1')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.replaceAll(/\s+/g, ' ').trim().slice(0, 62))).toEqual([
      'session s1 signed in 2026-01-02T00:00:00.000Z from 127.0.0.1 b',
      '2026-01-02T03:04:05.000Z allow alice -> CallRoute storefront/P',
      '2026-01-02T03:04:05.000Z allow orders -> CallRoute storefront/',
      'session s2 signed in elsewhere',
      '2026-01-02T03:04:05.000Z deny alice -> CallRoute storefront/PO',
    ])
    const one = JSON.parse((await type(['who', 'alice', '--session', 's2', '--json'], { cwd: app.folder })).stdout)
    expect(one.sessions.map((sitting: { session: string }) => sitting.session)).toEqual(['s2'])
    expect((await type(['who', 'mallory'], { cwd: app.folder })).exitCode).toBe(1)
  } finally {
    app.remove()
  }
})

test('who shows what came of each, and elevations in the sitting in which they were asked for', async () => {
  const account = (name: string): string => `arn:sallyport:identity:checkout::user/${name}`
  const elevation = { kind: 'elevation', request: 'r1', subject: account('ada'), role: 'admin', powers: 'p' } as const
  const app = appWith({
    'sallyport.yaml': 'app: checkout\n',
    '.sallyport/ledger/00000000000000000000.seg': segment([
      decision({ id: 'd1', at: 1, transaction: 't1', sessionId: 's1', subject: account('ada'), subjectName: 'ada' }),
      { kind: 'outcome', at: 2, decision: 'd1', transaction: 't1', sessionId: 's1', outcome: 'done' },
      { ...elevation, at: 3, event: 'requested', reason: 'a refund', sessionId: 's1' },
      { ...elevation, at: 4, event: 'approved', by: account('grace'), sessionId: 'g1' },
      { ...elevation, at: 5, event: 'granted', sessionId: 's1' },
    ]),
  })
  try {
    const said = async (user: string): Promise<readonly string[]> => {
      const { stdout } = await type(['who', user], { cwd: app.folder })
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) =>
          line
            .replace(/^ {2}\S+ /, '')
            .replaceAll(/\s+/g, ' ')
            .trim(),
        )
    }
    expect(await said('ada')).toEqual([
      'session s1 signed in elsewhere',
      'allow ada -> CallRoute storefront/POST /checkout done ingress d1',
      'elevation to admin requested: a refund r1',
      'elevation to admin granted r1',
    ])
    expect(await said('grace')).toEqual(['session g1 signed in elsewhere', 'elevation of ada to admin approved r1'])
  } finally {
    app.remove()
  }
})

test('who shows what ended a session or took trust from it, and nothing from before it or about others', async () => {
  const at = (second: number): number => Date.UTC(2026, 0, 2, 3, 4, second)
  const app = appWith({
    'sallyport.yaml': 'app: checkout\n',
    '.sallyport/ledger/00000000000000000000.seg': segment([
      { kind: 'revocation', at: at(0), target: 'user/alice', reason: 'before she came' },
      decision({ id: 'd1', transaction: 't1', sessionId: 's1' }),
      { kind: 'revocation', at: at(6), target: 'session/s2', reason: 'of another' },
      { kind: 'revocation', at: at(7), target: 'user/bob', reason: 'somebody else' },
      {
        kind: 'signal',
        at: at(8),
        stream: 'idp',
        event: 'https://schemas.openid.net/secevent/caep/event-type/risk-level-change',
        id: 'e1',
        issuedAtSeconds: 1,
        targets: ['user/alice'],
        risk: 'high',
      },
      { kind: 'revocation', at: at(9), target: 'session/s1', reason: 'logout' },
      { kind: 'quarantine', at: at(10), event: 'quarantined', target: 'user/alice', reason: 'odd', by: 'ada' },
    ]),
  })
  try {
    const { stdout } = await type(['who', 'alice'], { cwd: app.folder })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.slice(2).map((line) => line.trim().slice(25))).toEqual([
      'signal risk-level-change, risk high about user/alice  idp',
      'ended session/s1: logout',
      'quarantined user/alice: odd',
    ])
    const { sessions } = JSON.parse((await type(['who', 'alice', '--json'], { cwd: app.folder })).stdout)
    expect(sessions[0].endings.map(({ kind }: { kind: string }) => kind)).toEqual([
      'signal',
      'revocation',
      'quarantine',
    ])
  } finally {
    app.remove()
  }
})
