/** Engines that can be attacked. */
export const attackedEngines = ['box', 'gvisor', 'workerd', 'http', 'lambda'] as const
/** One of those. */
export type AttackedEngine = (typeof attackedEngines)[number]
/** One in which the hostile app's functions can be told to do anything: they run here. */
export type HereEngine = Exclude<AttackedEngine, 'http' | 'lambda'>

const ground = 'the same ground as under --engine box, which takes it away'

/** What is not tried under an engine: the beginnings of names, and why. */
export const notTried: Readonly<Record<AttackedEngine, readonly (readonly [prefix: string, why: string])[]>> = {
  box: [],
  gvisor: [
    ['kernel.', 'such calls meet the kernel of gvisor, and none of this machine’s'],
    ['closed.', ground],
  ],
  workerd: [
    ['kernel.', 'a worker starts no process that could make such calls'],
    ['doors.path-', 'a worker’s own TLS connections trust no authority but those that everybody does'],
    ['boxes.leftover-child', 'a worker leaves no process behind'],
    ['leftovers.scratch', 'a worker’s files end with the call'],
    ['resources.disk', 'a worker’s files are its memory'],
    ['resources.processes', 'a worker starts no process'],
    ['resources.watches', 'a worker watches no files'],
    ['closed.', ground],
  ],
  http: elsewhere(),
  lambda: elsewhere(),
}

function elsewhere(): (typeof notTried)['http'] {
  const here = 'what that machine reaches, keeps and shares is not ours to say'
  const same = 'the same doors as under --engine box, which try them'
  return [
    ...['boxes.', 'kernel.', 'leftovers.', 'resources.', 'probes.'].map((name) => [name, here] as const),
    ...['functions.', 'doors.', 'data.'].map((name) => [name, 'such a function has no `can`'] as const),
    ['closed.', ground],
    ...['tokens.', 'requests.', 'operators.', 'people.', 'elevation.'].map((name) => [name, same] as const),
  ]
}
