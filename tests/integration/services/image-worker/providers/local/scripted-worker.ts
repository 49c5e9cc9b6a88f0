// A stand-in for the segmentation thread: the first byte of the picture says what happens to the request.
import { parentPort, threadId } from 'node:worker_threads'
import type {
  SegmentationReply,
  SegmentationRequest,
} from '../../../../../../services/image-worker/providers/local/segmentation-messages.ts'

const script: Record<string, (request: SegmentationRequest) => void> = {
  // Answers with the thread's own id, so that a test can tell one thread from the next.
  a: ({ id }) => reply({ id, outcome: 'done', png: Uint8Array.of(threadId) }),
  c: () => process.exit(7),
  t: () => {
    throw new Error('The thread broke.')
  },
  m: ({ id }) => reply({ id, outcome: 'failed', exhausted: true, message: 'Array buffer allocation failed' }),
  // Works until it is told to stop, as the real thread does between its phases.
  s: ({ id, stop }) => {
    Atomics.wait(stop, 0, 0, 10_000)
    reply({ id, outcome: 'stopped' })
  },
  // Never comes to a checkpoint.
  h: () => {},
}

function reply(answer: SegmentationReply): void {
  parentPort?.postMessage(answer)
}

parentPort?.on('message', (request: SegmentationRequest) => {
  script[String.fromCharCode(request.bytes[0] ?? 0)]?.(request)
})
