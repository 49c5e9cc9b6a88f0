import { readIndexFile } from '#local/documents/indexes/declared.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import { tenThousand } from './ten-thousand.ts'

const declared = readIndexFile('infra/firestore.indexes.json')

// Far above what it takes, so that only another way of answering would break it.
tenThousand(
  'the local store',
  () => startDocumentServer({ port: 0, dataDir: null, indexes: { declared, onMissing: 'refuse' } }),
  { isEmulator: false, runs: 7, mostMs: 5_000 },
)
