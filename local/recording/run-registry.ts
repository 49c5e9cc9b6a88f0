import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ApiClient } from '../../cli/api/api-client.ts'
import { pollUntil } from '../../cli/api/poll-until.ts'
import { type CacheJobRecord, cacheJob, cleanReport, verifyReport } from '../../cli/cache/records.ts'
import { addFile } from '../../cli/models/add-file.ts'
import { Output } from '../../cli/output.ts'
import { loraWeights } from '../replicate/archives/lora-weights.ts'
import type { RecordedCloud } from './recorded-cloud.ts'
import { recordedApi } from './run-training.ts'

const WATCH_MS = 30_000
const nowhere = { write: () => undefined }
const jobAnswer = z.object({ job_id: z.string() })

/** A model file of this machine: uploaded by the API's signed URL, registered and synced, as `forge models add FILE` does it. */
export async function runUpload(recorded: RecordedCloud, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'recorded-upload-'))
  const api = recordedApi(recorded)
  try {
    const path = join(folder, 'recorded.safetensors')
    await writeFile(path, loraWeights({ rank: 4, seed: 'recorded' }))
    const output = new Output({ stdout: nowhere, stderr: nowhere, env: {}, json: true })
    const wish = { name: 'Recorded upload', type: 'lora', isForSystem: false, sync: true, watch: true } as const
    // In an empty environment it remembers nothing: the configuration of whoever records is none of its business.
    const isDone = await addFile(api, { ...wish, timeoutMs: WATCH_MS, path, env: {} }, { output, signal })
    if (!isDone) throw new Error('The uploaded model was not synced.')
  } finally {
    api.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Verifies the whole cache, then removes what it may, as an operator. */
export async function runCacheJobs(recorded: RecordedCloud, signal: AbortSignal): Promise<void> {
  const api = recordedApi(recorded)
  try {
    await endOf(api, await api.post('/api/cache/verify', { repair: true }, jobAnswer, signal), verifyReport, signal)
    const everything = { max_size_gb: 0, dry_run: false }
    await endOf(api, await api.post('/api/cache/clean', everything, jobAnswer, signal), cleanReport, signal)
  } finally {
    api.close()
  }
}

async function endOf<Report>(
  api: ApiClient,
  { job_id: id }: z.infer<typeof jobAnswer>,
  report: z.ZodType<Report>,
  signal: AbortSignal,
): Promise<void> {
  const schema = cacheJob(report)
  const isOver = ({ report: found, error }: CacheJobRecord<Report>) => found !== null || error !== null
  const read = () => api.get(`/api/cache/jobs/${id}`, schema, signal)
  const ended = await pollUntil(api, read, { isOver, onChange: () => undefined, signal })
  if (ended.report === null) throw new Error(`The cache's job ${ended.state}: ${ended.error?.message}`)
}
