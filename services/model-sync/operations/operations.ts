/** What the command line does for model sync, without the service: it only needs the books. */

export { type NewModelSource, newModelOf } from '#shared/registry/model/new-model.ts'
export { type ReconcileReport, reconcile } from '../reconcile.ts'
export { syncSignalOf } from '../sync-event.ts'
export { syncJobNames } from '../sync-input.ts'
export { cancelSync, type SyncCancel } from './cancel-sync.ts'
export { chooseCivitaiFile } from './choose-civitai-file.ts'
export { findSyncWork, type SyncWorkFound } from './find-sync-work.ts'
export { type NewSyncRequest, requestNewSync } from './request-new-sync.ts'
export { requestSync, type SyncRequest } from './request-sync.ts'
export { reportSync, type SyncReport } from './sync-report.ts'
