import { madeAhead, type PreparedBox } from '../box/prepared-box.ts'

/** One box of a function that is made before anybody needs it, and another once it was taken. */
export interface Spare {
  /** The spare, as far as it is made, or one made now as one of `among`. Rejects when none can be made. */
  take(among: number): Promise<PreparedBox>
  /** Makes no more. Resolves when the one that waits is gone. */
  drop(): Promise<void>
}

/** How a spare comes to be, and how it ends unused. */
export interface SpareMaker {
  /** As `prepareBox`: one of `among` that weigh as one. */
  readonly make: (among: number) => Promise<PreparedBox>
  /** Starts its runtime ahead of need; absent where nothing may run that nobody asked for. */
  readonly prestart?: (prepared: PreparedBox) => Promise<PreparedBox>
  readonly discard: (prepared: PreparedBox) => Promise<void>
}

/** The next one is made after the box that took the last had the processor to itself for its start. */
const makeAfterMs = 50
/** Its runtime is started when what made it necessary is over, in all likelihood. */
const prestartAfterMs = 400

/** A spare that ends by itself is not made again before the next is taken: what cannot live is not tried for ever. */
export function createSpare({ make, prestart, discard }: SpareMaker): Spare {
  let spare: Promise<PreparedBox> | undefined
  let dropped = false

  function prepare(): void {
    if (dropped || spare !== undefined) return
    const made = make(madeAhead)
    hold(made)
    if (prestart !== undefined) setTimeout(() => start(made, prestart), prestartAfterMs).unref()
  }

  /** Whoever takes it while it starts waits for that moment. */
  function start(made: Promise<PreparedBox>, begin: NonNullable<typeof prestart>): void {
    if (spare === made) hold(made.then(begin))
  }

  function hold(one: Promise<PreparedBox>): void {
    spare = one
    const lost = (): boolean => {
      if (spare !== one) return false // it was taken, and its owner sees to its end
      spare = undefined
      return true
    }
    one.then(
      (prepared) => prepared.pod.gone.then(() => (lost() ? discard(prepared) : undefined)),
      lost, // the next start tries again, and reports it
    )
  }

  return {
    take: (among) => {
      const taken = spare ?? make(among)
      spare = undefined
      setTimeout(prepare, makeAfterMs).unref()
      return taken
    },
    drop: async () => {
      dropped = true
      const unused = spare
      spare = undefined
      await unused?.then(discard, () => undefined)
    },
  }
}
