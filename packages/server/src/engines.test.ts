import { expect, it } from 'vitest'

import { isolationIn } from './engines.ts'
import { type Deployed, type Invocation, routeEngines } from './host/index.ts'

type Set = Parameters<typeof routeEngines>[0]

/** Engines that note what they were given. */
function engines(): { set: Set; seen: string[] } {
  const seen: string[] = []
  const one = <Name extends keyof Set>(name: Name, strength: 'hard' | 'cooperative' | 'absent') => ({
    name,
    strength,
    description: `${name}: ${strength}`,
    deploy: async (given: readonly { readonly name: string }[]) =>
      void seen.push(...given.map((each) => `${name} has ${each.name}`)),
    withdraw: async (functionName: string) => void seen.push(`${name} withdraws ${functionName}`),
    invoke: async ({ functionName }: Invocation) => {
      seen.push(`${name} runs ${functionName}`)
      return { kind: 'response', body: new Uint8Array() } as const
    },
    close: async () => void seen.push(`${name} closes`),
  })
  return { set: { box: one('box', 'hard'), http: one('http', 'absent'), lambda: one('lambda', 'cooperative') }, seen }
}

const image = (name: string): Deployed => ({ name }) as Deployed
const worker = (name: string): Deployed => ({ name, runtime: 'workerd' }) as Deployed
const remote = (name: string): Deployed => ({ name, elsewhere: { engine: 'http' } }) as Deployed
const call = (functionName: string): Invocation => ({ functionName }) as Invocation

it('gives each function to its own engine, and to another one once it has moved', async () => {
  const { set, seen } = engines()
  const all = routeEngines(set)
  await all.deploy([image('here'), remote('far')])
  for (const name of ['here', 'far']) await all.invoke(call(name))
  await all.deploy([image('far')])
  await all.invoke(call('far'))
  await all.withdraw('far')
  await all.close()
  expect(seen).toEqual([
    'box has here',
    'http has far',
    'box runs here',
    'http runs far',
    'box has far',
    'box runs far',
    'box withdraws far',
    'box closes',
    'http closes',
    'lambda closes',
  ])
})

it('ends every engine, and says where one did not end', async () => {
  const { set, seen } = engines()
  const stuck = { ...set.http, close: () => Promise.reject(new Error('it hangs')) }
  await expect(routeEngines({ ...set, http: stuck }).close()).rejects.toMatchObject({ code: 'host.close' })
  expect(seen).toEqual(['box closes', 'lambda closes'])
})

it('names the kernel of a function that has one of its own', async () => {
  const all = routeEngines(engines().set)
  await all.deploy([image('shared'), { name: 'own', runsc: '/usr/bin/runsc' } as Deployed])
  expect([all.isolationOf('shared'), all.isolationOf('own')]).toEqual(['box (hard)', 'gvisor (hard)'])
})

it('says in the banner which engines have a function', async () => {
  const all = routeEngines(engines().set)
  expect(all.description()).toBe('box: hard')
  await all.deploy([image('here'), remote('far')])
  expect(all.description()).toBe('box: hard; http: absent')
  const elsewhere = routeEngines(engines().set)
  await elsewhere.deploy([remote('far')])
  expect(elsewhere.description()).toBe('http: absent')
  await all.deploy([worker('light')])
  expect(all.description()).toBe('box: hard; http: absent; workerd: inside the box')
})

it.each<['ingress' | 'egress' | 'administration', string, string]>([
  ['ingress', 'arn:sallyport:route:shop:public:far/POST /score', 'http (absent)'],
  ['ingress', 'arn:sallyport:route:shop:public:here/GET /', 'box (hard)'],
  ['egress', 'arn:sallyport:function:shop:internal:far/score', 'box (hard), http (absent)'],
  ['ingress', 'arn:sallyport:route:shop:public:light/GET /', 'workerd (hard)'],
  ['egress', 'arn:sallyport:door:shop::stripe/charge', 'box (hard)'],
  ['administration', 'arn:sallyport:function:shop:internal:far', 'http (absent)'],
  ['administration', 'arn:sallyport:admin:shop::secret/set', 'box (hard)'],
])('a record at the %s door about %s says %s', async (door, resource, expected) => {
  const all = routeEngines(engines().set)
  await all.deploy([image('here'), remote('far'), worker('light')])
  expect(isolationIn({ door, subjectName: 'here', asked: [{ action: 'a', resource }] }, all.isolationOf)).toBe(expected)
})
