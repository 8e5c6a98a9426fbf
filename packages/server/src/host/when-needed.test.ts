import { SallyportError } from '@sallyport/core/access'
import { expect, it } from 'vitest'

import type { Engine } from './engine.ts'
import type { FunctionImage } from './image.ts'
import { openedWhenNeeded } from './when-needed.ts'

const image = { name: 'here' } as FunctionImage // nothing else of it is looked at

function noted(): { readonly open: () => Promise<Engine>; readonly seen: string[] } {
  const seen: string[] = []
  const open = async (): Promise<Engine> => {
    seen.push('opened')
    return {
      name: 'box',
      strength: 'cooperative',
      description: 'boxes',
      deploy: async (images) => void seen.push(`deployed ${images.map(({ name }) => name).join()}`),
      withdraw: async (name) => void seen.push(`withdrew ${name}`),
      invoke: async () => ({ kind: 'response', body: new Uint8Array() }),
      close: async () => void seen.push('closed'),
    }
  }
  return { open, seen }
}

it('opens nothing for an app without a function in a box', async () => {
  const { open, seen } = noted()
  const boxes = openedWhenNeeded(open)
  await boxes.deploy([])
  await boxes.withdraw('far')
  expect(await boxes.invoke({ functionName: 'far' } as never)).toMatchObject({ code: 'function.busy' })
  await boxes.close()
  expect(seen).toEqual([])
})

it('opens once, with the first function, and is then what was opened', async () => {
  const { open, seen } = noted()
  const boxes = openedWhenNeeded(open)
  await boxes.deploy([image])
  await boxes.deploy([])
  expect([boxes.strength, boxes.description]).toEqual(['cooperative', 'boxes'])
  await boxes.close()
  expect(seen).toEqual(['opened', 'deployed here', 'deployed ', 'closed'])
})

it('refuses the function, and the next one, when boxes cannot be had', async () => {
  const refuse = (): Promise<Engine> => Promise.reject(new SallyportError('host.isolation_unavailable', 'none here'))
  const boxes = openedWhenNeeded(refuse)
  for (const _ of ['first', 'again'])
    await expect(boxes.deploy([image])).rejects.toMatchObject({ code: 'host.isolation_unavailable' })
})
