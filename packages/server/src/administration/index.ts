export {
  type Administration,
  type AdministrationOptions,
  type ElevationRule,
  openAdministration,
} from './administration.ts'
export { type Clock } from './clock.ts'
export { type ElevationRequest } from './elevation.ts'
