import { type BoxKind, kindOf } from '../box/blank.ts'
import type { FunctionImage } from '../image.ts'
import type { PreparedBox } from '../box/prepared-box.ts'

/** Boxes that belong to no function yet, their runtimes started: each is given once, and made anew. */
export interface Reserve {
  /** Keeps boxes ready of the kinds that these functions can use, and no others. */
  keepFor(images: Iterable<FunctionImage>): void
  /** One of this kind that waits, with the code of this function in it; undefined where none does. */
  take(kind: BoxKind, image: FunctionImage): Promise<PreparedBox> | undefined
  /** Makes no more. Resolves when those that wait are gone. */
  close(): Promise<void>
}

/** How such boxes come to be, and how they end unused. */
export interface ReserveMaker {
  /** Resolves once its runtime has been started. */
  readonly make: (kind: BoxKind) => Promise<PreparedBox>
  /** Gives it the code of its function. */
  readonly fill: (prepared: PreparedBox, image: FunctionImage) => Promise<void>
  /** False for one that was made when boxes trusted another authority. */
  readonly isCurrent: (prepared: PreparedBox) => boolean
  readonly discard: (prepared: PreparedBox) => Promise<void>
}

interface Shelf {
  readonly kind: BoxKind
  readonly waiting: PreparedBox[]
  wanted: number
  making: boolean
  timer?: NodeJS.Timeout
}

/** More would take memory that functions may need; several may need one at the same moment, by calling each other. */
const atMost = 4
/** Made when what made it necessary is over, in all likelihood. */
const refillAfterMs = 400

/** One that cannot be made, or ends by itself, is not made again before the next is asked for. */
export function createReserve({ make, fill, isCurrent, discard }: ReserveMaker): Reserve {
  const shelves = new Map<string, Shelf>()
  const ends = new Set<Promise<unknown>>()
  let closed = false

  function end(prepared: PreparedBox): void {
    const ending = discard(prepared).finally(() => ends.delete(ending))
    ends.add(ending)
  }

  function refillSoon(shelf: Shelf): void {
    shelf.timer ??= setTimeout(() => {
      delete shelf.timer
      const refilling = refill(shelf).finally(() => ends.delete(refilling))
      ends.add(refilling)
    }, refillAfterMs).unref()
  }

  /** One after the other: a start takes a processor that functions could use. */
  async function refill(shelf: Shelf): Promise<void> {
    if (shelf.making) return
    shelf.making = true
    try {
      // Closing wants none, on any shelf.
      while (shelf.waiting.length < shelf.wanted) {
        const prepared = await make(shelf.kind)
        shelf.waiting.push(prepared)
        void prepared.pod.gone.then(() => drop(shelf, prepared))
      }
    } catch {
      // The next one that is asked for tries again; until then boxes are made for their functions, and report it.
    } finally {
      shelf.making = false
    }
    for (const surplus of shelf.waiting.splice(shelf.wanted)) end(surplus)
  }

  /** It ended while it waited. Once taken it is its owner's to end. */
  function drop(shelf: Shelf, prepared: PreparedBox): void {
    const at = shelf.waiting.indexOf(prepared)
    if (at === -1) return
    shelf.waiting.splice(at, 1)
    end(prepared)
  }

  return {
    keepFor: (images) => {
      for (const shelf of shelves.values()) shelf.wanted = 0
      for (const image of images) {
        const kind = kindOf(image)
        if (kind === undefined) continue
        const key = keyOf(kind)
        const shelf = shelves.get(key) ?? { kind, waiting: [], wanted: 0, making: false }
        shelf.wanted = Math.min(shelf.wanted + 1, atMost)
        shelves.set(key, shelf)
      }
      for (const shelf of shelves.values()) refillSoon(shelf)
    },
    take: (kind, image) => {
      const shelf = shelves.get(keyOf(kind))
      if (shelf === undefined || closed) return undefined
      refillSoon(shelf)
      for (const old of shelf.waiting.filter((one) => !isCurrent(one))) drop(shelf, old)
      const prepared = shelf.waiting.shift()
      if (prepared === undefined) return undefined
      return fill(prepared, image).then(
        () => prepared,
        async (error: unknown) => {
          await discard(prepared)
          throw error
        },
      )
    },
    close: async () => {
      closed = true
      for (const shelf of shelves.values()) {
        clearTimeout(shelf.timer)
        shelf.wanted = 0
        for (const prepared of shelf.waiting.splice(0)) end(prepared)
      }
      while (ends.size > 0) await Promise.allSettled(ends)
    },
  }
}

function keyOf({ runtime, memoryMb }: BoxKind): string {
  return `${runtime} ${memoryMb}`
}
