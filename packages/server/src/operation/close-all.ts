/** How one thing that was started is ended. */
export type Ending = () => Promise<void> | void

/**
 * Ends everything, last started first. What cannot be ended keeps nothing else from being ended: otherwise one broken
 * file would leave boxes and listeners behind. Each failure is told.
 */
export async function closeAll(started: Ending[], tell: (cause: unknown) => void): Promise<void> {
  for (const end of started.splice(0).toReversed()) {
    try {
      await end()
    } catch (cause) {
      tell(cause)
    }
  }
}
