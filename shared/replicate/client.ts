import type { RateRule } from '../http/rate-limiter.ts'
import type { ReplicateOptions } from './call-api.ts'
import { createFiles, type Files } from './files.ts'
import { createModels, type Models } from './models.ts'
import { createOutputs, type Outputs } from './outputs.ts'
import { createPredictions, type Predictions } from './predictions.ts'
import { createTrainings, type Trainings } from './trainings.ts'
import { createWebhookSecrets, type WebhookSecrets } from './webhook-secrets.ts'

/** Replicate's HTTP API as far as we use it, by its resources. Every call is one request and throws ReplicateErrors. */
export interface ReplicateClient {
  predictions: Predictions
  trainings: Trainings
  models: Models
  files: Files
  outputs: Outputs
  webhookSecrets: WebhookSecrets
}

/** 600 creations a minute is the lowest of the account's limits (contract §1); reads of the same host share the bucket. */
export const REPLICATE_RATE: RateRule = { perSecond: 10, burst: 50 }

/**
 * Our own client, for what it does not do: the official one repeats creations on any connection error, at once, and pays for
 * each of them (contract §6).
 */
export function createReplicateClient(options: ReplicateOptions): ReplicateClient {
  return {
    predictions: createPredictions(options),
    trainings: createTrainings(options),
    models: createModels(options),
    files: createFiles(options),
    outputs: createOutputs(options),
    webhookSecrets: createWebhookSecrets(options),
  }
}
