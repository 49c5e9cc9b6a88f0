import { createManualClock, type ManualClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import { type ReplicateOptions, type ReplicateStandIn, startReplicate } from '#local/replicate/server.ts'
import { until } from './until.ts'

export type Json = Record<string, unknown>

export const TRAINER = 'ostris/flux-dev-lora-trainer'
export const TRAINER_VERSION = 'e440909d3512c31646ee2e0c7d6f6f4923224863a6a10c494606e79fb5844497'
export const trainingsPath = `/models/${TRAINER}/versions/${TRAINER_VERSION}/trainings`
export const auth = { authorization: `Bearer ${LOCAL_REPLICATE_TOKEN}` }
export const destination = `${LOCAL_REPLICATE_OWNER}/portrait`

/** A stand-in for trainings, spoken to with plain fetch: it is judged by what is on the wire. */
export interface TrainingStandIn extends ReplicateStandIn {
  clock: ManualClock
  /** Of a small ZIP among the account's own files. */
  datasetUrl: string
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  read(path: string): Promise<Json>
  /** Creates a training to `destination`; `rest` goes over its body. */
  train(rest?: Json): Promise<Json>
  /** Moves the clock on, wait by wait, until the training is over. */
  finish(id: unknown): Promise<Json>
}

export async function startTrainings(options: ReplicateOptions = {}): Promise<TrainingStandIn> {
  const clock = createManualClock(Date.parse('2026-05-01T12:00:00Z'))
  const standIn = await startReplicate({ clock, trainingTimes: { queueMs: 1000, runMs: 20_000 }, ...options })
  const send: TrainingStandIn['send'] = (method, path, body, headers = {}) =>
    fetch(`${standIn.url}/v1${path}`, {
      method,
      headers: { ...auth, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const read = async (path: string): Promise<Json> => (await (await send('GET', path)).json()) as Json

  const form = new FormData()
  form.set('content', new Blob(['PK\x03\x04 and the photos'], { type: 'application/zip' }), 'photos.zip')
  const uploaded = await fetch(`${standIn.url}/v1/files`, { method: 'POST', headers: auth, body: form })
  const { urls } = (await uploaded.json()) as { urls: { get: string } }
  const [owner, name] = destination.split('/')
  await send('POST', '/models', { owner, name, visibility: 'private', hardware: 'gpu-t4' })

  return {
    ...standIn,
    clock,
    datasetUrl: urls.get,
    send,
    read,
    async train(rest = {}) {
      const input = { input_images: urls.get, trigger_word: 'TOK', lora_rank: 2, steps: 100 }
      return (await (await send('POST', trainingsPath, { destination, input, ...rest })).json()) as Json
    },
    async finish(id) {
      const isOver = async () =>
        /succeeded|failed|canceled|aborted/.test(String((await read(`/trainings/${id}`)).status))
      await until(async () => {
        clock.advance(5000)
        return await isOver()
      }, 1)
      return await read(`/trainings/${id}`)
    },
  }
}
