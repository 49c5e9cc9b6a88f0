import { apiOptions, apiUsage } from '../api/api-options.ts'
import type { TrainingRecord } from '../api/records.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, trainingIdOf, UsageError } from '../command.ts'
import { type Output, table } from '../output.ts'
import { trainingReport, trainingText } from '../training/training-text.ts'

const usage = `forge trainings
forge trainings TRAINING [--cancel]

Shows your trainings, the newest first, or one of them: its model, weights and sample pictures, or why it failed.

  --cancel           ends the training; what has been trained by then is not kept
${apiUsage}
`

const options = { ...apiOptions, cancel: { type: 'boolean', default: false } } as const

export const trainings: Command = {
  words: ['trainings'],
  synopsis: 'trainings [TRAINING]',
  summary: 'show trainings, or end one (--cancel)',
  usage,
  options,
  examples: ['forge trainings', 'forge trainings k3v7q2m5x4wz --cancel'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    const [text, ...rest] = positionals
    if (rest.length > 0) throw new UsageError('Name one training, or none for all.', usage)
    const id = text === undefined ? null : trainingIdOf(text, usage)
    if (id === null && values.cancel) throw new UsageError('Name the training that is to end.', usage)
    return await withApi(values, usage, async (api) => {
      const { generationAnswer, trainingAnswer, trainingsAnswer } = await import('../api/records.ts')
      if (id === null) {
        const { trainings: found } = await api.get('/api/trainings', trainingsAnswer, signal)
        tellAll(output, found)
        return true
      }
      const path = `/api/trainings/${encodeURIComponent(id)}`
      const { training } = values.cancel
        ? await api.post(`${path}/cancel`, {}, trainingAnswer, signal)
        : await api.get(path, trainingAnswer, signal)
      const samples =
        values.cancel || !training.generationId
          ? null
          : await api.get(`/api/generations/${encodeURIComponent(training.generationId)}`, generationAnswer, signal)
      const report = trainingReport(training, samples?.generation ?? null)
      const text = trainingText(output, training, samples?.generation ?? null)
      const isAsked = values.cancel && training.finishedAt == null
      output.result(
        { type: values.cancel ? 'cancel' : 'training', ...report },
        isAsked ? `${id}  is being canceled` : text,
      )
      return true
    })
  },
}

function tellAll(output: Output, found: readonly TrainingRecord[]): void {
  if (output.json) {
    for (const training of found) output.result({ type: 'training', ...trainingReport(training, null) }, '')
    return
  }
  const rows = found.map(({ id, status, createdAt, name, error }) => [
    id,
    status,
    createdAt.slice(0, 16).replace('T', ' '),
    name,
    error?.code ?? '',
  ])
  output.text(found.length === 0 ? 'There are no trainings.' : table(rows, ''))
}
