import type { TrainingRecord } from '../api/records.ts'
import type { Output } from '../output.ts'
import { StageDisplay } from '../stage-display.ts'
import { bytesOfText } from '../units.ts'

/** Shows how far an upload of photos and a training are. */
export class TrainingDisplay {
  readonly #display: StageDisplay

  constructor(output: Output) {
    this.#display = new StageDisplay(output)
  }

  showUpload(doneBytes: number, sizeBytes: number): void {
    const status = 'uploading'
    this.#display.show({
      label: 'photos',
      status,
      share: sizeBytes === 0 ? 1 : doneBytes / sizeBytes,
      figures: bytesOfText(doneBytes, sizeBytes),
      record: { type: 'progress', stage: 'upload', status, doneBytes, sizeBytes },
    })
  }

  showTraining({ id, status, stage, progress = null }: TrainingRecord): void {
    // Its share is of the run at Replicate alone; before and after it there is no telling.
    const share = status === 'training' ? progress : null
    const percent = share === null ? null : Math.floor(share * 100)
    this.#display.show({
      label: id,
      status,
      share,
      figures: percent === null ? '' : `${percent} %`,
      record: { type: 'progress', trainingId: id, stage, status, percent },
    })
  }
}
