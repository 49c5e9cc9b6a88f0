// What a service does, in this process. It is loaded by the commands that need it: a service's libraries would take more than
// half of the start of every other command, and of a shell that asks for completions.

/** Operations of the image worker. */
export async function imageOperations() {
  return await (await import('../services/image-worker/app.ts')).loadOperations()
}

/** Operations of model sync. */
export async function syncOperations() {
  return await (await import('../services/model-sync/app.ts')).loadOperations()
}

/** Operations of the api. */
export async function apiOperations() {
  return await (await import('../services/api/app.ts')).loadOperations()
}
