export { describeFailure, explainListenFailure } from './failure.ts'
export { openOutputLog, type OutputLog } from './output-log.ts'
export { announceApi, type Folders, openFolders, readIfPresent, writePrivate } from './state-folder.ts'
export { watchFolder } from './watch.ts'
