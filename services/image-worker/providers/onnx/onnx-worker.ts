// The thread's entry. Both runtimes are of one API, but the native one's `run` blocks its thread: hence a thread of its own.
import { parentPort, workerData } from 'node:worker_threads'
import type { SegmentationReply, SegmentationRequest } from '../local/segmentation-messages.ts'
import { applyMask } from './apply-mask.ts'
import { BackgroundModel, UnfitModelError } from './background-model.ts'
import type { OnnxWorkerData } from './model-options.ts'

class Stopped extends Error {}

const settings = workerData as OnnxWorkerData // Only our own provider starts this thread.
let loading: Promise<BackgroundModel> | null = null

/** A load that failed is forgotten: the next request tries again. */
function load(): Promise<BackgroundModel> {
  loading ??= BackgroundModel.load(settings).catch((error: unknown) => {
    loading = null
    throw error
  })
  return loading
}

async function answer({ id, bytes, width, height, stop }: SegmentationRequest): Promise<SegmentationReply> {
  const checkpoint = () => {
    if (Atomics.load(stop, 0) !== 0) throw new Stopped()
  }
  try {
    const model = await load()
    checkpoint()
    const mask = await model.findSubject(bytes)
    checkpoint()
    return { id, outcome: 'done', png: await applyMask(bytes, { width, height }, mask) }
  } catch (error) {
    if (error instanceof Stopped) return { id, outcome: 'stopped' }
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof UnfitModelError) return { id, outcome: 'misconfigured', message }
    return { id, outcome: 'failed', exhausted: /alloc|out of memory/i.test(message), message }
  }
}

// One after another even so: the provider sends the next request only after this one's answer.
parentPort?.on('message', (request: SegmentationRequest) => {
  void answer(request).then((reply) => {
    const buffer = reply.outcome === 'done' ? reply.png.buffer : null
    parentPort?.postMessage(reply, buffer instanceof ArrayBuffer ? [buffer] : [])
  })
})
