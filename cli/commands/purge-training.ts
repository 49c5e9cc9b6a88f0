import { type Command, parseCall, trainingIdOf, UsageError } from '../command.ts'
import { connectToTrainings, type TrainingPurgePlan } from '../connect-to-trainings.ts'
import { apiOperations } from '../operations.ts'
import { objectsPart, type PurgePart, planAndPurge, purgeOptions, recordsPart } from '../purge.ts'

const usage = `forge purge training TRAINING [--dry-run] [--yes] [--json] [--local]

Removes a training and the model that came of it: photos, archive, weights, generated pictures, its
documents, mail and jobs, and gives its owner the room back. A training that goes on is canceled, at
Replicate too. The trained model at Replicate stays: only its own site removes one.

  --dry-run  only says what would go
  --yes      don't ask
`

export const purgeTraining: Command = {
  words: ['purge', 'training'],
  synopsis: 'purge training TRAINING',
  summary: 'remove a training, its model and all pictures made with it',
  usage,
  options: purgeOptions,
  examples: ['forge purge training k3v7q2m5x4wz --dry-run', 'forge purge training k3v7q2m5x4wz --yes'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, purgeOptions, usage)
    const [text, ...rest] = positionals
    if (text === undefined || rest.length > 0) throw new UsageError('Name one training.', usage)
    const trainingId = trainingIdOf(text, usage)
    const { deps, close } = await connectToTrainings({ local: values.local })
    try {
      const operations = await apiOperations()
      const plan = await operations.planTrainingPurge(deps, trainingId)
      return await planAndPurge(context, {
        subject: { trainingId },
        remark: `${plan.userId === null ? 'of an unknown owner' : `of ${plan.userId}`}${plan.isLive ? ', it goes on and is canceled' : ''}`,
        parts: trainingParts([plan]),
        question: `Remove this of ${trainingId}?`,
        usage,
        values,
        remove: () => operations.purgeTraining(deps, plan),
      })
    } finally {
      await close()
    }
  },
}

/** What there is of some trainings, by kind. */
export function trainingParts(plans: readonly TrainingPurgePlan[]): PurgePart[] {
  const count = (of: (plan: TrainingPurgePlan) => number) => plans.reduce((sum, plan) => sum + of(plan), 0)
  return [
    objectsPart(
      'photos',
      plans.flatMap(({ uploads }) => uploads),
    ),
    objectsPart(
      'archives',
      plans.flatMap(({ zips }) => zips),
    ),
    objectsPart(
      'weights',
      plans.flatMap(({ weights }) => weights),
    ),
    objectsPart(
      'pictures',
      plans.flatMap(({ pictures }) => pictures),
    ),
    objectsPart(
      'temporaries',
      plans.flatMap(({ temporaries }) => temporaries),
    ),
    recordsPart(
      'trainings',
      count(({ hasDocument }) => Number(hasDocument)),
    ),
    recordsPart(
      'models',
      count(({ hasModel }) => Number(hasModel)),
    ),
    recordsPart(
      'generations',
      count(({ generationIds }) => generationIds.length),
    ),
    recordsPart(
      'mails and runs',
      count(({ documents }) => documents.length),
    ),
    recordsPart(
      'jobs',
      count(({ jobIds }) => jobIds.length),
    ),
  ]
}
