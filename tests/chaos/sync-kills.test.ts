import { startDocuments } from '../support/documents.ts'
import { syncKills } from './sync-kills.ts'

describe('model sync killed from outside, on our document server', () => {
  syncKills({
    documents: startDocuments,
    seed: 4,
    kills: 5,
    sizeBytes: 9_000_000,
    leaseMs: 1_000,
  })
})
