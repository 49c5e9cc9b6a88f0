import { startDocuments } from '../../../support/documents.ts'
import { sources } from './sources.ts'

describe('what may be synced, without a task queue', () => {
  sources({ documents: startDocuments, taskQueue: false })
})
