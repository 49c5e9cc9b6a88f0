import type { TrainingOptions } from '#shared/documents/trainings.ts'

/** A training's options in the words of the trainer (contract replicate.md §4). */
export function trainerInput(options: TrainingOptions, zipUrl: string): Record<string, unknown> {
  return {
    input_images: zipUrl,
    trigger_word: options.triggerWord,
    steps: options.steps,
    learning_rate: options.learningRate,
    batch_size: options.batchSize,
    // A string, not a list.
    resolution: options.resolution,
    lora_rank: options.loraRank,
    autocaption: options.autocaption,
    ...(options.autocaptionPrefix === null ? {} : { autocaption_prefix: options.autocaptionPrefix }),
    caption_dropout_rate: options.captionDropoutRate,
    optimizer: options.optimizer,
  }
}
