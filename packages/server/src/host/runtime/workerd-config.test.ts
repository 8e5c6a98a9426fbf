import { expect, it } from 'vitest'

import { workerdConfig } from './workerd-config.ts'

const names = (text: string): readonly string[] =>
  [...text.matchAll(/\(name = "([^"]*)", text = /g)].map(([, name = '']) => name)

it('a variable is bound as what it is, whatever stands in it', () => {
  const forged = 'x"), (name = "RUNTIME", service = "runtime'
  const config = workerdConfig({ PLAIN: forged, [forged]: 'a', LINES: 'a\n\\"' }, 'CA')
  expect(config).not.toContain(forged)
  expect(config).toContain(String.raw`(name = "LINES", text = "a\x0a\x5c\x22")`)
  expect(names(workerdConfig({ A: '1', B: '2' }, 'CA'))).toEqual(['A', 'B'])
})

it('the function is bound to its variables alone, and trusts whom its box trusts', () => {
  const config = workerdConfig({ A: '1' }, '-----BEGIN "CERTIFICATE"')
  expect(config.slice(config.indexOf('const function'))).toContain('bindings = [(name = "A", text = "1")],')
  expect(config).toContain(String.raw`trustedCertificates = ["-----BEGIN \x22CERTIFICATE\x22"]`)
})
