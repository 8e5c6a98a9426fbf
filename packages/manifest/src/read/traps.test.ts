import { describe, expect, it } from 'vitest'

import { edited, exampleText, faultsOf, surroundingsOf } from '../testing/example.ts'
import { loadManifest } from './load-manifest.ts'

function codesOf(text: string, files: Readonly<Record<string, string | undefined>> = {}): readonly string[] {
  return faultsOf(text, files).map(({ code }) => code)
}

function lineOf(passage: string): number {
  return exampleText.slice(0, exampleText.indexOf(passage) + 1).split('\n').length
}

describe('traps', () => {
  it('star is a parse error, quoted or not, wherever something is granted', () => {
    for (const [from, to] of [
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: [*]'],
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: ["*"]'],
      ['stripe: { charge: any, refund: { for: [admin] } }', 'stripe: { "*": any }'],
      ['stripe: { charge: any, refund: { for: [admin] } }', '"*": [charge]'],
      ['refund: { for: [admin]', 'refund: { for: ["*"]'],
      ['who: [admin]', 'who: ["*"]'],
      ['who: [admin]', 'who: *'],
      ['from: [internet]', 'from: ["*"]'],
      ['approvers: [admin]', 'approvers: ["*"]'],
      ['secrets: [admin]', 'secrets: ["*"]'],
      ['offers: [receipt]', 'offers: ["re*"]'],
      ['put: own', '"*": own'],
      ['POST /v1/refunds', 'POST /v1/*'],
      ['to: https://api.stripe.com', 'to: https://*.stripe.com'],
      ['columns: [status, paymentId]', 'columns: ["*"]'],
      ['- storefront -> orders', '- "* -> orders"'],
      ['GET /orders/:id:', 'GET /orders/*:'],
    ] as const) {
      expect(codesOf(edited(from, to)), `${from} → ${to}`).toContain('manifest.wildcard')
    }
  })

  it('grant across a zone edge fails to compile, at the line of the grant', () => {
    const faults = faultsOf(edited('can: { orders: { create', 'can: { payments: [charge], orders: { create'))
    expect(faults.filter(({ code }) => code === 'manifest.zone_ceiling')).toMatchObject([
      { file: 'sallyport.yaml', line: lineOf('    can: { orders:') },
    ])
  })

  it('unknown key is refused at any level, with the place and the nearest known one', () => {
    for (const [from, to, key] of [
      ['app: checkout', 'app: checkout\npeeple: {}', 'people'],
      ['    zone: restricted', '    zone: restricted\n    ofers: [a]', 'offers'],
      ['rotate: 30d', 'rotat: 30d', 'rotate'],
      ['jit: { max: 1h', 'jit: { maxx: 1h', 'max'],
      ['limit: 10/m', 'limits: 10/m', 'limit'],
      ['rows: own, except: [admin]', 'rows: own, exept: [admin]', 'except'],
      ['  allow:', '  alow:', 'allow'],
    ] as const) {
      const fault = faultsOf(edited(from, to)).find(({ code }) => code === 'manifest.unknown_key')
      expect(fault, to).toMatchObject({ suggestion: `did you mean "${key}"?` })
      expect(fault?.line).toBeGreaterThan(1)
    }
  })

  it('reports every fault at once, in the order of the file', () => {
    const text = edited(
      'put: own',
      'putt: own',
      edited('stripe: { charge: any', 'stripe: { balance: any', edited('mfa: true, device', 'mfa: yes, device')),
    )
    const faults = faultsOf(text)
    expect(faults.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['manifest.wrong_type', 'manifest.unresolved_name']),
    )
    expect(faults.length).toBeGreaterThanOrEqual(3)
    expect(faults.map(({ line }) => line)).toEqual(faults.map(({ line }) => line).toSorted((a, b) => a - b))
  })

  it('a name that stands for nothing is refused wherever it stands', () => {
    for (const [from, to] of [
      ['who: [admin]', 'who: [amdin]'],
      ['from: [internal]', 'from: [internl]'],
      ['approvers: [admin]', 'approvers: [adm]'],
      ['invoke: [admin]', 'invoke: [root]'],
      ['alice: [customer]', 'alice: [customr]'],
      ['zone: restricted', 'zone: restrictd'],
      ['payments: { charge: any, refund', 'payments: { charge: any, refnd'],
      ['refund: { for: [admin]', 'refund: { for: [amdin]'],
      ['can: { email: [send] }', 'can: { email: [sned] }'],
      ['      payments: { charge', '      paymnts: { charge'],
      ['except: [support, admin]', 'except: [suport]'],
      ['"Bearer {stripe-key}"', '"Bearer {stripe-kye}"'],
      ['- storefront -> orders', '- storefrnt -> orders'],
      ['- customer -> POST /checkout', '- alice -> POST /checkout'],
      ['- orders -> payments', '- orders -> payment'],
      ['customer@US -> POST', 'customr@US -> POST'],
      ['- orders for customer ->', '- orders for customr ->'],
      ['- orders for customer ->', '- ordrs for customer ->'],
      ['payments for admin+mfa+jit', 'payments for admin+mfa+device+jit'],
      ['payments for admin+mfa+jit', 'payments for admin@CH'],
      ['payments -> orders-table.update(total)', 'payments -> orders-table.udate(total)'],
      ['- customer -> POST /checkout\n  - customer, support', '- customer -> POST /chekout\n  - customer, support'],
    ] as const) {
      expect(codesOf(edited(from, to)), to).toContain('manifest.unresolved_name')
    }
  })

  it('a duplicate key, a merge key, a tag and an alias bomb are refused', () => {
    expect(codesOf(edited('offers: [receipt]', 'offers: [receipt]\n    offers: [other]'))).toEqual([
      'manifest.duplicate_key',
    ])
    expect(codesOf(`x: &x { a: 1 }\n${edited('  customer: {', '  customer: { <<: *x,')}`)).toContain(
      'manifest.merge_key',
    )
    expect(codesOf(edited('app: checkout', 'app: !!js/function checkout'))).toContain('manifest.yaml')
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'
        .split('')
        .map(
          (name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefg'[index]}`).join(', ')}]`,
        ),
    ].join('\n')
    expect(codesOf(bomb)).toEqual(['manifest.too_large'])
    expect(codesOf(`app: ${'x'.repeat(1024 * 1024)}`)).toEqual(['manifest.too_large'])
    expect(codesOf(edited('from: [public, internal]', 'from: &from [public, internal]'))).toEqual([])
  })

  it('a value that looks like a secret is refused in env and at a door', () => {
    const values = [
      'sk_live_51Habcdefghijkl',
      'AKIAIOSFODNN7EXAMPLE',
      'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY',
      '-----BEGIN PRIVATE KEY-----',
      'postgres://app:hunter2@db.internal/app',
    ]
    for (const value of values) {
      expect(
        codesOf(edited('    can: { email: [send] }', `    can: { email: [send] }\n    env: { KEY: "${value}" }`)),
        value,
      ).toEqual(['manifest.secret_in_text'])
    }
    expect(codesOf(edited('"{mail-token}"', '"sk_live_51Habcdefghijkl"'))).toEqual(['manifest.secret_in_text'])
    const plain = [
      'https://api.example.com/v1/things',
      'eu-central-1',
      'true',
      'customer-facing-checkout-service',
      'arn:aws:sns:us-east-1:123456789012:orders',
    ]
    for (const value of plain) {
      expect(
        codesOf(edited('    can: { email: [send] }', `    can: { email: [send] }\n    env: { KEY: "${value}" }`)),
        value,
      ).toEqual([])
    }
  })

  it('a path that leaves the folder, by dots or by a link, and a missing file are refused', () => {
    expect(codesOf(edited('schemas/refund.json', '../../etc/passwd'))).toEqual(['manifest.outside_folder'])
    expect(codesOf(edited('schemas/refund.json', '/etc/passwd'))).toEqual(['manifest.outside_folder'])
    expect(codesOf(edited('schemas/refund.json', 'schemas/none.json'))).toEqual(['manifest.file_missing'])
    expect(codesOf(exampleText, { 'src/orders.ts': undefined })).toEqual(['manifest.file_missing'])
    const inside = surroundingsOf()
    const linked = loadManifest('/app', {
      ...inside,
      realpath: (path) => (path === '/app/src/orders.ts' ? '/app-other/orders.ts' : inside.realpath(path)),
    })
    expect(linked).toMatchObject({ ok: false, faults: [{ code: 'manifest.outside_folder' }] })
  })

  it('plain HTTP and link-local addresses are refused; loopback that is written down is not', () => {
    for (const url of [
      'http://169.254.169.254',
      'https://169.254.169.254',
      'http://0x7f.1',
      'https://[::ffff:169.254.169.254]',
      'https://[0:0:0:0:0:ffff:a9fe:a9fe]',
      'https://[::ffff:a9fe:a9fe]',
      'https://[64:ff9b::a9fe:a9fe]',
      'https://[fd00:ec2::254]',
      'https://[fd00:0ec2::254]',
      'https://[fe80::1]',
      'https://[::]',
      'https://300.1.1.1',
      'https://0.0.0.1',
      'https://a.example.0x7f',
      'https://a..example',
      'https://a.example/path',
      'https://user@a.example',
      'https://a.example:0',
      'https://a.example:65536',
      'ftp://x',
    ]) {
      expect(codesOf(edited('to: https://api.stripe.com', `to: ${url}`)), url).toContain('manifest.insecure_upstream')
    }
    for (const url of ['http://localhost', 'http://[::1]', 'https://[2001:4860::8888]', 'https://8.8.8.8']) {
      expect(codesOf(edited('to: https://api.postmarkapp.com', `to: ${url}`)), url).toEqual([])
    }
  })

  it('substitution works in upstream and endpoint only', () => {
    expect(
      codesOf(edited('dynamodb: Orders,', 'dynamodb: Orders, endpoint: "${TABLES:-http://127.0.0.1:8000}",')),
    ).toEqual([])
    expect(codesOf(edited('to: https://api.stripe.com', 'to: ${STRIPE}'))).toContain('manifest.substitution')
    expect(codesOf(edited('"Bearer {stripe-key}"', '"Bearer ${KEY}"'))).toContain('manifest.substitution')
    expect(codesOf(edited('${STRIPE_UPSTREAM:-http://127.0.0.1:8481}', '${STRIPE_UPSTREAM}'))).toContain(
      'manifest.substitution',
    )
  })

  it('a schema with a misspelt keyword is refused, for a check that is ignored is no check', () => {
    expect(codesOf(exampleText, { 'schemas/refund.json': '{ "type": "object", "requird": ["a"] }' })).toEqual([
      'manifest.schema_document',
    ])
    expect(codesOf(exampleText, { 'schemas/refund.json': '{ "$ref": "https://evil.example/x.json" }' })).toEqual([
      'manifest.schema_document',
    ])
    expect(codesOf(exampleText, { 'schemas/refund.json': 'nonsense' })).toEqual(['manifest.schema_document'])
  })

  it('a schema with a pattern that a text could keep busy for minutes is refused', () => {
    for (const [schema, ...codes] of [
      ['{ "pattern": "^(a|b)+$", "patternProperties": { "^(a|b)+$": true } }'],
      ['{ "properties": { "a": { "pattern": "^(?=.*[0-9])a+$" } } }', 'manifest.schema_document'],
      ['{ "patternProperties": { "(a)\\\\1": true } }', 'manifest.schema_document'],
    ] as const)
      expect(codesOf(exampleText, { 'schemas/refund.json': schema }), schema).toEqual(codes)
  })

  it('a scan of own rows, and two routes for one request, are refused', () => {
    expect(codesOf(edited('put: own', 'put: own\n        scan: own'))).toContain('manifest.unsupported')
    expect(
      codesOf(edited('      GET /orders/:id:', '      GET /orders/:key: { who: [customer] }\n      GET /orders/:id:')),
    ).toContain('manifest.ambiguous_route')
  })

  it('a route where the gateway itself answers is refused', () => {
    for (const path of ['/.well-known/sallyport/token', '/.well-known/spiffe-bundle']) {
      const codes = codesOf(
        edited('      GET /orders/:id:', `      GET ${path}: { who: [customer] }\n      GET /orders/:id:`),
      )
      expect(codes, path).toEqual(['manifest.reserved_route'])
    }
  })

  it('a grant for nobody in particular, and one half of a table and half of an operation, are refused', () => {
    for (const [from, to, code] of [
      ['refund: { for: [admin]', 'refund: { for: []', 'manifest.wrong_type'],
      ['refund: { for: [admin]', 'refund: { for: admin', 'manifest.wrong_type'],
      ['refund: { for: [admin]', 'refund: {', 'manifest.missing_key'],
      ['refund: { for: [admin]', 'refund: { for: [admin], rows: own', 'manifest.unknown_key'],
      ['get: any, refund', 'get: own, refund', 'manifest.unsupported'],
      ['get: any, refund', 'get: { rows: own }, refund', 'manifest.unsupported'],
      ['create: any', 'create: own', 'manifest.wrong_type'],
      ['create: any', 'create', 'manifest.wrong_type'],
      ['put: own', 'put: { for: [admin] }', 'manifest.unsupported'],
      ['put: own', 'read: any', 'manifest.unresolved_name'],
    ] as const) {
      expect(codesOf(edited(from, to)), to).toContain(code)
    }
  })

  it('an empty file, a list and nonsense are faults, never exceptions', () => {
    for (const text of [
      '',
      '- a',
      '{',
      'app: [',
      '\u0000',
      'a: b: c',
      '---\napp: x\n---\napp: y',
      'app: checkout\nfunctions: 3\nonly: {}\nexpect: []',
    ]) {
      expect(faultsOf(text).length, text).toBeGreaterThan(0)
    }
  })
})
