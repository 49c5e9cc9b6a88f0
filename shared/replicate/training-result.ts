import { isVersionId, type ModelVersion, parseModelVersion } from './model-version.ts'

/**
 * What a finished training has made. What its output does not say is null: the model's author writes it, and any JSON
 * may come.
 */
export interface TrainingResult {
  version: ModelVersion | null
  /** Of a tar at Replicate's delivery host, there for an hour. To be fetched by `outputs` only, which checks the host. */
  weightsUrl: string | null
}

/**
 * Reads the output of a training (contract §4: `{version: "owner/name:id", weights}`). A version without its model is taken for
 * one of the destination, which the object itself never names.
 */
export function readTrainingResult(output: unknown, destination: { owner: string; name: string }): TrainingResult {
  // Trainers of other models answer with the bare URL of their weights.
  const { version, weights } = isRecord(output) ? output : { version: null, weights: output }
  return { version: readVersion(version, destination), weightsUrl: readUrl(weights) }
}

function readVersion(version: unknown, destination: { owner: string; name: string }): ModelVersion | null {
  if (typeof version === 'string' && isVersionId(version)) return { ...destination, versionId: version }
  return parseModelVersion(version)
}

function readUrl(weights: unknown): string | null {
  const url = typeof weights === 'string' ? URL.parse(weights) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : null
}

function isRecord(value: unknown): value is { version?: unknown; weights?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
