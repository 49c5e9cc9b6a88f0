// The thread's entry: one request at a time, in the order in which they come.
import { parentPort } from 'node:worker_threads'
import { cutOut } from './segmentation/cut-out.ts'
import type { SegmentationReply, SegmentationRequest } from './segmentation-messages.ts'

class Stopped extends Error {}

async function answer({ id, bytes, width, height, stop }: SegmentationRequest): Promise<SegmentationReply> {
  try {
    const png = await cutOut(bytes, width, height, () => {
      if (Atomics.load(stop, 0) !== 0) throw new Stopped()
    })
    return { id, outcome: 'done', png }
  } catch (error) {
    if (error instanceof Stopped) return { id, outcome: 'stopped' }
    const message = error instanceof Error ? error.message : String(error)
    return { id, outcome: 'failed', exhausted: /alloc|out of memory/i.test(message), message }
  }
}

parentPort?.on('message', (request: SegmentationRequest) => {
  void answer(request).then((reply) => {
    const buffer = reply.outcome === 'done' ? reply.png.buffer : null
    parentPort?.postMessage(reply, buffer instanceof ArrayBuffer ? [buffer] : [])
  })
})
