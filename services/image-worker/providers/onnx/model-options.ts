/** How pictures are prepared for a model. Per channel: red, green, blue, as fractions of one. */
export interface ModelOptions {
  mean: readonly [number, number, number]
  std: readonly [number, number, number]
  /** Side of the square input where the model file leaves it open; null for 1024. */
  size: number | null
}

/** What the thread gets at its start. */
export interface OnnxWorkerData {
  runtimeFile: string
  modelFile: string
  options: ModelOptions
}
