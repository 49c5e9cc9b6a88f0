/** Object names of a training. Owners are in the path, so that a bucket's rules can go by it. */

/** Below it lie a user's uploads (work bucket). */
export function uploadPrefix(userId: string): string {
  return `training-uploads/${userId}/`
}

/** The photos' archive (work bucket). */
export function trainingZipName(training: { userId: string; id: string }): string {
  return `training-zips/${training.userId}/${training.id}.zip`
}

/** The weights (models bucket); never evicted. */
export function weightsName(model: { userId: string; id: string }): string {
  return `trained/${model.userId}/${model.id}/lora.safetensors`
}

/** Below it lie the pictures of a generation (the app's bucket). */
export function generationPrefix(generation: { userId: string; id: string }): string {
  return `generations/${generation.userId}/${generation.id}/`
}

/** Of the sample pictures of a training. */
export function samplesId(trainingId: string): string {
  return `${trainingId}-samples`
}
