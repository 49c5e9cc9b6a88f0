import { SegmentationThread, type SegmentationThreadOptions } from '../local/segmentation-thread.ts'
import type { BackgroundProvider } from '../provider.ts'
import { type ModelFile, type ModelStore, openModelFile } from './model-file.ts'
import type { ModelOptions, OnnxWorkerData } from './model-options.ts'
import { findOnnxRuntime } from './onnx-runtime.ts'

export interface OnnxBackgroundOptions {
  /** A path, or `gs://bucket/object`. */
  model: string
  options: ModelOptions
  store: ModelStore
  /** Where a fetched model lies; the system's by default. */
  tempFolder?: string
  findRuntime?: () => string
  thread?: Partial<Pick<SegmentationThreadOptions, 'idleMs' | 'maxWaiting' | 'stopGraceMs'>>
}

export interface OnnxBackgroundProvider extends BackgroundProvider {
  /** Ends the thread and removes a fetched model. */
  close(): Promise<void>
}

/** Loading a model takes seconds and its memory is needed again soon: longer than the local provider's minute. */
const threadDefaults = { idleMs: 600_000, maxWaiting: 16, stopGraceMs: 5_000 }

/**
 * Background removal by a model that the operator brings. Runtime and model are looked for at the first picture.
 * Throws what `findOnnxRuntime` and `openModelFile` throw, and a ConfigError `onnx.misconfigured` for an unfit model.
 */
export function createOnnxBackgroundProvider(init: OnnxBackgroundOptions): OnnxBackgroundProvider {
  const findRuntime = init.findRuntime ?? findOnnxRuntime
  let opening: Promise<{ file: ModelFile; thread: SegmentationThread }> | null = null

  const open = async () => {
    const runtimeFile = findRuntime()
    const file = await openModelFile(init.model, init.store, init.tempFolder)
    const workerData: OnnxWorkerData = { runtimeFile, modelFile: file.path, options: init.options }
    const workerFile = new URL('./onnx-worker.ts', import.meta.url)
    const thread = new SegmentationThread({
      ...threadDefaults,
      ...init.thread,
      provider: 'onnx',
      workerFile,
      workerData,
    })
    return { file, thread }
  }
  const opened = () => {
    opening ??= open().catch((error: unknown) => {
      // Forgotten, so that a model put right is found by the next picture.
      opening = null
      throw error
    })
    return opening
  }

  return {
    name: 'onnx',
    paid: false,
    async removeBackground({ bytes, width, height }, { signal }) {
      signal.throwIfAborted()
      const { thread } = await opened()
      const png = await thread.segment({ bytes, width, height }, signal)
      return {
        image: { bytes: Buffer.from(png.buffer, png.byteOffset, png.length), contentType: 'image/png', width, height },
        credits: null,
        remainingCredits: null,
      }
    },
    async close() {
      const open = await opening?.catch(() => null)
      await open?.thread.close()
      await open?.file.release()
    },
  }
}
