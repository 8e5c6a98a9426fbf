import type { Guard } from './guard.ts'

const server = 'packages/server/src'
const outside = [`${server}/outside-certificate.test.ts`]
const flags = [`${server}/start/arguments.test.ts`]

/** Under which certificate the outside finds the gateway. */
export const transportGuards: readonly Guard[] = [
  {
    name: 'a certificate is used with its own key only',
    attack: 'half a replacement changes nothing',
    file: `${server}/certificates/certificate-files.ts`,
    code: 'if (!certificate.checkPrivateKey(createPrivateKey(key))) throw',
    without: "if (key === '') throw",
    noticedBy: outside,
    testName: 'half a replacement changes nothing',
  },
  {
    name: 'a certificate of another name is not shown',
    attack: 'files of another name are not used',
    file: `${server}/certificates/certificate-files.ts`,
    code: 'if (certificate.checkHost(name) === undefined) throw',
    without: "if (name === '') throw",
    noticedBy: outside,
    testName: 'of another name are not used',
  },
  {
    name: 'nothing but this machine is answered in the clear',
    attack: 'refuses the outside with plain HTTP',
    file: `${server}/start/arguments.ts`,
    code: 'if (outside !== undefined && values.http === true) throw',
    without: 'if (outside !== undefined && values.http === false) throw',
    noticedBy: flags,
    testName: 'refuses the outside with plain HTTP',
  },
]
