import type { BackgroundProvider } from '../provider.ts'
import { SegmentationThread, type SegmentationThreadOptions } from './segmentation-thread.ts'

export type LocalBackgroundOptions = Pick<SegmentationThreadOptions, 'workerFile'> &
  Partial<Omit<SegmentationThreadOptions, 'workerFile'>>

export interface LocalBackgroundProvider extends BackgroundProvider {
  /** Ends the worker thread; later calls are refused. */
  close(): Promise<void>
}

/** Background removal without a key or a network: colour models and a graph cut in a worker thread, never on the event loop. */
export function createLocalBackgroundProvider(options: LocalBackgroundOptions): LocalBackgroundProvider {
  const thread = new SegmentationThread({ idleMs: 60_000, maxWaiting: 16, stopGraceMs: 5_000, ...options })
  return {
    name: 'local',
    paid: false,
    async removeBackground({ bytes, width, height }, { signal }) {
      const png = await thread.segment({ bytes, width, height }, signal)
      return {
        image: { bytes: Buffer.from(png.buffer, png.byteOffset, png.length), contentType: 'image/png', width, height },
        credits: null,
        remainingCredits: null,
      }
    },
    close: () => thread.close(),
  }
}
