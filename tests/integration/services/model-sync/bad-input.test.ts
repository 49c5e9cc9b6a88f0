import { startDocumentServer } from '#local/documents/server.ts'
import { contentRefusals } from './bad-input/contents.ts'
import { bytesPerDay, documentRefusals, maxModelBytes } from './bad-input/documents.ts'
import { refusedModels } from './refused-models.ts'

describe('bad input', () => {
  refusedModels({
    documents: () => startDocumentServer({ port: 0, dataDir: null }),
    fileHosts: 2,
    env: { MAX_MODEL_BYTES: String(maxModelBytes), SYNC_BYTES_PER_DAY: String(bytesPerDay) },
    models: [...contentRefusals, ...documentRefusals],
  })
})
