import type { Route } from './probes.js'

/** Every way out that the poison tries, with its real targets. */
export declare const routes: readonly Route[]
