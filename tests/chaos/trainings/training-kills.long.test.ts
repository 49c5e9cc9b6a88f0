import { startDocuments } from '../../support/documents.ts'
import { trainingKills } from './training-kills.ts'

describe('a training whose services are killed from outside, on our document server', () => {
  trainingKills({
    documents: startDocuments,
    leaseMs: 1_000,
    keepsLocks: false,
    reconcileMs: 500,
    taskRetry: { baseMs: 20, maxMs: 200 },
  })
})
