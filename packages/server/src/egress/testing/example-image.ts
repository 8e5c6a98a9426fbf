import type { App } from '@sallyport/manifest'

import type { FunctionImage } from '../../host/index.ts'

/** One of the example's functions, as the host would be given it. */
export function exampleImage(app: App, name: string): FunctionImage {
  const one = app.functions.find((declared) => declared.name === name)
  if (!one) throw new Error(`the example has no function ${name}`)
  return {
    name,
    zone: one.zone,
    arn: one.arn,
    codeDir: '/',
    codeDigest: 'digest',
    runtime: 'node',
    handler: 'index.handler',
    shape: 'handler',
    environment: {},
    timeoutMs: one.timeoutMs,
    memoryMb: one.memoryMb,
    reuse: one.reuse,
    maxBoxes: 1,
    warmBoxes: 0,
  }
}
