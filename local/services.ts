import { defaultPorts, localBuckets } from './environment.ts'
import type { Trigger } from './events/trigger.ts'

export interface ServiceRow {
  /** The folder under `services/`. */
  name: string
  /** What the deployment sets up as Eventarc triggers. */
  triggers(serviceUrl: string): Trigger[]
  /** It has to do with trainings, and gets their environment too. */
  isTraining: boolean
}

/** The services of the local cloud, as infra/ declares them for the real one. */
export const serviceTable: readonly ServiceRow[] = [
  {
    name: 'image-worker',
    triggers: (serviceUrl) => [
      {
        name: 'uploads-finalized',
        type: 'google.cloud.storage.object.v1.finalized',
        bucket: localBuckets.app,
        url: `${serviceUrl}/events/storage`,
      },
    ],
    isTraining: false,
  },
  {
    name: 'model-sync',
    triggers: (serviceUrl) => [
      {
        name: 'models-written',
        type: 'google.cloud.firestore.document.v1.written',
        documentPattern: 'ai_models/{modelId}',
        contentType: 'application/protobuf',
        url: `${serviceUrl}/events/firestore`,
      },
    ],
    isTraining: false,
  },
  // People and Replicate call these, and tasks: no event does.
  { name: 'replicate-webhook', triggers: () => [], isTraining: true },
  { name: 'api', triggers: () => [], isTraining: true },
]

/** Where a service listens under `npm run dev`. @throws Error for one that is not in the table. */
export function defaultServiceUrl(name: string): string {
  const index = serviceTable.findIndex((service) => service.name === name)
  if (index === -1) throw new Error(`The service table has no ${name}.`)
  return `http://127.0.0.1:${defaultPorts.services + index}`
}
