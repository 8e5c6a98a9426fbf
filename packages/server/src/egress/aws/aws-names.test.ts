import { describe, expect, it } from 'vitest'

import { edited, mustLoad } from '../../../../manifest/src/testing/example.ts'
import { awsNames, interceptedNames, isForAws } from './aws-names.ts'

const { app } = mustLoad()
const name = 'dynamodb.us-east-1.amazonaws.com'

describe("AWS's own names", () => {
  it('are those of the declared tables, and boxes are shown certificates for them', () => {
    expect([...awsNames(app)]).toEqual([name])
    expect(interceptedNames(app)).toEqual(['api.stripe.com', 'api.postmarkapp.com', name])
    expect([...awsNames({ ...app, tables: [] })]).toEqual([])
  })

  it('lead to the AWS door within TLS, and ours in plain HTTP', () => {
    const leads = (scheme: 'http' | 'https', host: string, port?: string): boolean =>
      isForAws(app, { scheme, host, port })
    expect(leads('https', name)).toBe(true)
    expect(leads('http', 'any.aws.internal')).toBe(true)
    expect(leads('http', 'my.bucket.any.aws.internal')).toBe(true)
    expect(leads('http', 'many.aws.internal')).toBe(false)
    expect(leads('http', name)).toBe(false)
    expect(leads('http', 'any.aws.internal', '8080')).toBe(false)
    expect(leads('https', 'any.aws.internal')).toBe(false)
    expect(leads('https', name, '8443')).toBe(false)
    expect(leads('https', 'dynamodb.eu-west-1.amazonaws.com')).toBe(false)
  })

  it('are left to a door that the manifest writes down for them', () => {
    const text = edited('https://api.postmarkapp.com', `https://${name}`)
    expect([...awsNames(mustLoad(text.slice(0, text.indexOf('only:  '))).app)]).toEqual([])
  })
})
