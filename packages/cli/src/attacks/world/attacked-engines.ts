/** Engines whose functions can be told to do anything: the hostile app is a Node program, and runs here. */
export const attackedEngines = ['box', 'gvisor'] as const
/** One of those. */
export type AttackedEngine = (typeof attackedEngines)[number]
