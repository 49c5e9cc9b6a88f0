import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import { startDocuments } from '../../../support/documents.ts'
import { contentRefusals } from './bad-input/contents.ts'
import { bytesPerDay, documentRefusals, maxModelBytes } from './bad-input/documents.ts'
import { civitaiRefusals } from './refusals/civitai.ts'
import { gated, huggingfaceRefusals } from './refusals/huggingface.ts'
import { refusedModels } from './refused-models.ts'

const documents = startDocuments

describe('what hubs refuse an account with a token, and bad input', () => {
  refusedModels({
    documents,
    fileHosts: 2,
    env: {
      HF_TOKEN: LOCAL_HUGGINGFACE_TOKEN,
      MAX_MODEL_BYTES: String(maxModelBytes),
      SYNC_BYTES_PER_DAY: String(bytesPerDay),
    },
    models: [
      ...civitaiRefusals,
      ...huggingfaceRefusals,
      gated(/our account has no access yet/),
      ...contentRefusals,
      ...documentRefusals,
    ],
  })
})

describe('what hubs refuse those who have no token', () => {
  refusedModels({
    documents,
    env: { CIVITAI_API_KEY: '' },
    models: [
      {
        title: 'a model for those who are logged in',
        code: 'civitai.login-needed',
        says: /set CIVITAI_API_KEY/,
        add(world) {
          const { id, versions } = world.civitai.addModel({})
          return { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
        },
      },
      gated(/set HF_TOKEN/),
    ],
  })
})
