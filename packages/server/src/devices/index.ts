export { compileDevices, type DeviceEvidence, type DeviceProof } from './devices.ts'
export { followRevocations } from './revocations.ts'
