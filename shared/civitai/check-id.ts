import { FinalError } from '../errors/app-error.ts'

/** What CivitAI's columns hold; more digits get a 400 (contract §6). */
const MAX_ID = 2 ** 31 - 1

/** Whether a text can be an id of a model, a version or a file. */
export function isCivitaiId(text: string): boolean {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= MAX_ID
}

/** Gives the id back, fit for a path. Throws `civitai.bad-id`. */
export function checkId(id: string, of: 'model' | 'model version' | 'file'): string {
  if (isCivitaiId(id)) return id
  const message = `CivitAI's ids are whole numbers; the ${of} has ${JSON.stringify(id.slice(0, 40))}.`
  throw new FinalError({ code: 'civitai.bad-id', message })
}
