export { compileDevices, type DeviceEvidence, type DeviceProof } from './devices.ts'
