import type { WireModel } from '#shared/registry/model/wire-model.ts'
import type { CachedFileView, CachePageView, CleanPlanView } from '../../services/api/endpoints/cache-schemas.ts'
import type { GenerationView } from '../../services/api/endpoints/generation-schemas.ts'
import type { SearchPageView, UpdatePageView } from '../../services/api/endpoints/registry-schemas.ts'
import type { TrainingView } from '../../services/api/endpoints/training-schemas.ts'

interface QuotaView {
  used: number
  most: number
  retryAt: string | null
}

/** All that the API answers anywhere, as if it were always there: each test looks at the part that it asked for. */
export interface ApiBody extends CachePageView {
  error: { code: string; message: string; details: { path: string; message: string }[] }
  training: TrainingView
  /** A list of them, or the quota. */
  trainings: TrainingView[] & QuotaView
  /** Never null here: a test that expects null says so. */
  model: WireModel
  models: SearchPageView['models']
  notes: SearchPageView['notes']
  updates: UpdatePageView['updates']
  removed: boolean
  next: string | null
  reused: boolean
  generation: GenerationView
  generations: QuotaView
  storage: { usedBytes: number; mostBytes: number }
  uploads: {
    name: string | null
    objectName: string
    url: string
    method: string
    headers: Record<string, string>
    expiresAt: string
  }[]
  /** Of a model's file; never null here. */
  upload: string
  start: { url: string; method: string; headers: Record<string, string> }
  templates: { id: string; title: string; prompt: string }[]
  file: CachedFileView
  plan: CleanPlanView
  job_id: string
  marked: number
  unknown: number
  /** Of a download. */
  url: string
  expires_at: string
  size_bytes: number
  sha256: string
  success: boolean
  trainingId: string
  modelId: string
  status: string
  /** Of the OpenAPI document. */
  openapi: string
}

export interface ApiAnswer {
  status: number
  headers: Headers
  body: ApiBody
}
