import { expect, test } from 'vitest'

import { loadCatalogue } from './catalogue.ts'

const catalogue = await loadCatalogue()

test('an action is known by its name in lower case, with its resources and keys', () => {
  expect(catalogue.actionsOf('s3')?.get('listbucket')).toMatchObject({
    name: 'ListBucket',
    resources: expect.arrayContaining([{ like: 'arn:*:s3:::*', unlike: 'arn:*:s3:::*/*' }]),
    keys: expect.arrayContaining(['s3:prefix']),
  })
  expect(catalogue.actionsOf('s3')?.get('getobject')?.resources).toContainEqual({ like: 'arn:*:s3:::*/*' })
  expect(catalogue.actionsOf('s3')?.get('listallmybuckets')?.askedOn).toBe('arn:aws:s3:::*')
  expect(catalogue.actionsOf('dynamodb')?.get('putitem')?.keys).toContain('dynamodb:LeadingKeys')
})

test('actions that take no resource have none', () => {
  for (const [service, name] of [
    ['s3', 'listallmybuckets'],
    ['ec2', 'describeinstances'],
    ['sts', 'getcalleridentity'],
    ['dynamodb', 'listtables'],
  ] as const) {
    expect(catalogue.actionsOf(service)?.get(name)?.resources).toEqual([])
  }
})

test('what does not exist is not known, nor is a name that objects have a meaning of their own for', () => {
  expect(catalogue.actionsOf('s3')?.get('getobjct')).toBeUndefined()
  for (const service of ['sallyport', '__proto__', 'constructor', '']) {
    expect(catalogue.actionsOf(service)).toBeUndefined()
  }
})

test('every line can be read', () => {
  expect(catalogue.services.length).toBeGreaterThan(300)
  const actions = catalogue.services.flatMap((service) => [...(catalogue.actionsOf(service)?.values() ?? [])])
  expect(actions.length).toBeGreaterThan(10_000)
  for (const { name, resources } of actions) {
    expect(name).toMatch(/^[A-Za-z0-9-]+$/)
    for (const { like } of resources) expect(like).toMatch(/^arn:|^\*/)
  }
})
