import { z } from 'zod'
import type { AppClients } from './clients.ts'

const visualsSchema = z.object({
  showcaseProcessingStatus: z.string(),
  showcaseImageUrl: z.string().nullable(),
  showcaseJobId: z.string().optional(),
  showcaseError: z.object({ code: z.string(), message: z.string() }).optional(),
})

const stepSchema = z.object({
  result: z.object({ by: z.string(), ms: z.number(), width: z.number(), height: z.number() }),
})

export interface ShowcaseStep {
  name: string
  provider: string
  ms: number
  width: number
  height: number
}

export type ShowcaseEnd =
  | { kind: 'complete'; url: string; steps: ShowcaseStep[] }
  | { kind: 'failed'; code: string; message: string }

/**
 * Follows a character's status live, as the app's gallery does, until it is `complete` or `failed`.
 * @throws Error when that takes longer than `timeoutMs` or the listener breaks, or the signal's.
 */
export async function followShowcase(
  clients: AppClients,
  params: { characterId: string; timeoutMs: number; signal: AbortSignal; onStatus: (status: string) => void },
): Promise<ShowcaseEnd> {
  const document = clients.firestore.collection('characters').doc(params.characterId)
  const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof visualsSchema>>()
  const timer = setTimeout(
    () => reject(new Error(`The showcase was not ready within ${params.timeoutMs / 1000} s.`)),
    params.timeoutMs,
  )
  let shown: string | null = null
  const stop = document.onSnapshot((snapshot) => {
    const visuals = visualsSchema.safeParse(snapshot.get('visuals'))
    if (!visuals.success) return reject(new Error('The character document was deleted or lost its visuals.'))
    const status = visuals.data.showcaseProcessingStatus
    if (status !== shown) params.onStatus(status)
    shown = status
    if (status === 'complete' || status === 'failed') resolve(visuals.data)
  }, reject)
  const { signal } = params
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await endOf(clients, await promise)
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
    stop()
  }
}

async function endOf(clients: AppClients, visuals: z.infer<typeof visualsSchema>): Promise<ShowcaseEnd> {
  const { showcaseImageUrl: url, showcaseError: error } = visuals
  if (visuals.showcaseProcessingStatus === 'complete' && url !== null) {
    return { kind: 'complete', url, steps: await stepsOf(clients, visuals.showcaseJobId ?? null) }
  }
  return { kind: 'failed', code: error?.code ?? 'unknown', message: error?.message ?? 'No reason was recorded.' }
}

/** The job behind the document remembers who did each step, and how long that took. */
async function stepsOf(clients: AppClients, jobId: string | null): Promise<ShowcaseStep[]> {
  if (jobId === null) return []
  const job = await clients.firestore.collection('jobs').doc(jobId).get()
  const steps: unknown = job.get('steps')
  return Object.entries(z.record(z.string(), stepSchema).catch({}).parse(steps))
    .map(([name, { result }]) => ({
      name,
      provider: result.by,
      ms: result.ms,
      width: result.width,
      height: result.height,
    }))
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

const order = ['remove-background', 'upscale']
