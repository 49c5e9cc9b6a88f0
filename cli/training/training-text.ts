import type { GenerationRecord, TrainingRecord } from '../api/records.ts'
import { type Output, table } from '../output.ts'
import { bytesText, durationText } from '../units.ts'

/** A training as programs get it. */
export function trainingReport(training: TrainingRecord, samples: GenerationRecord | null): Record<string, unknown> {
  const { id, name, status, stage, error, model } = training
  return {
    trainingId: id,
    name,
    state: status,
    stage,
    code: error?.code ?? null,
    message: error?.message ?? null,
    totalMs: totalMs(training),
    model: model ?? null,
    samples: samples?.images.map(({ prompt, url }) => ({ prompt, url })) ?? [],
  }
}

/** The same for people. */
export function trainingText(output: Output, training: TrainingRecord, samples: GenerationRecord | null): string {
  const { id, name, status, stage, error, model } = training
  const took = totalMs(training)
  const head = `${id}  ${output.style(colours[status] ?? 'yellow', status)}${took === null ? '' : ` in ${durationText(took)}`}  ${name}`
  if (error) return `${head}\n    ${error.code} (${stage}): ${error.message}`
  if (!model) return head
  const rows = [
    ['model', model.id],
    ['at Replicate', `${model.replicate_model_id}:${model.replicate_version_id}`],
    ['trigger word', model.triggerWord],
    ['weights', `${model.gcsUri} (${bytesText(model.sizeBytes)})`],
    ['SHA-256', model.sha256],
    ...(samples?.images ?? []).map(({ url }, index) => [`sample ${index + 1}`, url]),
  ]
  return `${head}\n${table(rows, '    ')}`
}

const colours: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  succeeded: 'green',
  failed: 'red',
}

function totalMs({ createdAt, finishedAt }: TrainingRecord): number | null {
  return finishedAt ? Date.parse(finishedAt) - Date.parse(createdAt) : null
}
