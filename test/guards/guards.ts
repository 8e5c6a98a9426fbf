import { abandonedGuards } from './abandoned.ts'
import { administrationGuards } from './administration.ts'
import { answerGuards } from './answers.ts'
import { awsGuards } from './aws.ts'
import { boundGuards } from './bounds.ts'
import { boxEndGuards } from './box-ends.ts'
import { cliGuards } from './cli.ts'
import { coreFileGuards } from './core-files.ts'
import { credentialFormGuards } from './credential-form.ts'
import { declaredPeopleGuards } from './declared-people.ts'
import { deviceGuards } from './devices.ts'
import { edgeGuards } from './edges.ts'
import { farSideGuards } from './far-sides.ts'
import { egressGuards } from './egress.ts'
import { egressLimitGuards } from './egress-limits.ts'
import { evidenceGuards } from './evidence.ts'
import { exchangeGuards } from './exchange.ts'
import { exitGuards } from './exits.ts'
import { exitBeyondGuards } from './exits-beyond.ts'
import { fieldGuards } from './fields.ts'
import { formGuards } from './forms.ts'
import { gatewayGuards } from './gateway.ts'
import { gatewayHeadGuards } from './gateway-head.ts'
import type { Guard } from './guard.ts'
import { guestGuards } from './guests.ts'
import { hostGuards } from './host.ts'
import { hostileAnswerGuards } from './hostile-answers.ts'
import { behindDoorGuards } from './behind-doors.ts'
import { servingGuards } from './serving.ts'
import { identityGuards } from './identity.ts'
import { httpOneGuards } from './http-one.ts'
import { insideGuards } from './inside.ts'
import { insideWorkerGuards } from './inside-workers.ts'
import { isolationGuards } from './isolation.ts'
import { kernelGuards } from './kernel.ts'
import { ledgerGuards } from './ledger.ts'
import { learnGuards } from './learn.ts'
import { finePartGuards } from './fine-parts.ts'
import { limitGuards } from './limits.ts'
import { manifestGuards } from './manifest.ts'
import { manifestAccessGuards } from './manifest-access.ts'
import { operationGuards } from './operation.ts'
import { operatorGuards } from './operators.ts'
import { manifestReadGuards } from './manifest-read.ts'
import { parserGuards } from './parsers.ts'
import { ownFileGuards } from './own-files.ts'
import { parserListenerGuards } from './parser-listeners.ts'
import { parserPlainGuards } from './parser-plain.ts'
import { parserStreamGuards } from './parser-streams.ts'
import { matchingGuards } from './matching.ts'
import { merkleGuards } from './merkle.ts'
import { policyGuards } from './policy.ts'
import { policyLayerGuards } from './policy-layers.ts'
import { policyProofGuards } from './policy-proofs.ts'
import { policyQueryGuards } from './policy-queries.ts'
import { policyRowGuards } from './policy-rows.ts'
import { passkeyGuards } from './passkeys.ts'
import { poolGuards } from './pool.ts'
import { proofOfDeviceGuards } from './proofs-of-devices.ts'
import { providerFlowGuards } from './provider-flows.ts'
import { upstreamGuards } from './upstreams.ts'
import { policyTextGuards } from './policy-texts.ts'
import { policyTableGuards } from './policy-tables.ts'
import { providerGuards } from './provider.ts'
import { rootGuards } from './root.ts'
import { secretGuards } from './secrets.ts'
import { serverGuards } from './server.ts'
import { streamGuards } from './streams.ts'
import { tableGuards } from './tables.ts'
import { transportGuards } from './transport.ts'
import { wireGuards } from './wire.ts'
import { workloadGuards } from './workloads.ts'
import { shapeGuards } from './shapes.ts'
import { signalGuards } from './signals.ts'
import { signInGuards } from './sign-ins.ts'

/**
 * Every guard that an attack could profit from the loss of. A new guard is one entry in its room's table. Without one,
 * because no test of ours sees them go: `fsync` and SQLite's `synchronous=FULL` (a loss of power would), what is wiped
 * from memory after its use, and the walls of the box that builds, in which no code runs but our own.
 */
export const guards: readonly Guard[] = [
  ...identityGuards,
  ...credentialFormGuards,
  ...policyGuards,
  ...policyLayerGuards,
  ...policyProofGuards,
  ...policyQueryGuards,
  ...policyRowGuards,
  ...policyTableGuards,
  ...policyTextGuards,
  ...manifestGuards,
  ...manifestAccessGuards,
  ...manifestReadGuards,
  ...matchingGuards,
  ...awsGuards,
  ...guestGuards,
  ...insideGuards,
  ...insideWorkerGuards,
  ...boundGuards,
  ...wireGuards,
  ...shapeGuards,
  ...kernelGuards,
  ...isolationGuards,
  ...poolGuards,
  ...hostGuards,
  ...abandonedGuards,
  ...boxEndGuards,
  ...answerGuards,
  ...finePartGuards,
  ...httpOneGuards,
  ...limitGuards,
  ...gatewayGuards,
  ...gatewayHeadGuards,
  ...providerGuards,
  ...providerFlowGuards,
  ...upstreamGuards,
  ...parserGuards,
  ...ownFileGuards,
  ...parserListenerGuards,
  ...parserPlainGuards,
  ...parserStreamGuards,
  ...operatorGuards,
  ...serverGuards,
  ...workloadGuards,
  ...transportGuards,
  ...exchangeGuards,
  ...egressGuards,
  ...egressLimitGuards,
  ...exitGuards,
  ...exitBeyondGuards,
  ...fieldGuards,
  ...tableGuards,
  ...learnGuards,
  ...cliGuards,
  ...streamGuards,
  ...ledgerGuards,
  ...merkleGuards,
  ...operationGuards,
  ...rootGuards,
  ...hostileAnswerGuards,
  ...behindDoorGuards,
  ...servingGuards,
  ...secretGuards,
  ...administrationGuards,
  ...formGuards,
  ...signalGuards,
  ...deviceGuards,
  ...proofOfDeviceGuards,
  ...signInGuards,
  ...passkeyGuards,
  ...evidenceGuards,
  ...declaredPeopleGuards,
  ...edgeGuards,
  ...farSideGuards,
  ...coreFileGuards,
]
