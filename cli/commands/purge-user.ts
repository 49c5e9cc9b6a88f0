import { type Command, parseCall, UsageError, userIdOf } from '../command.ts'
import { connectToTrainings } from '../connect-to-trainings.ts'
import { apiOperations } from '../operations.ts'
import { objectsPart, planAndPurge, purgeOptions, recordsPart } from '../purge.ts'
import { trainingParts } from './purge-training.ts'

const usage = `forge purge user UID [--dry-run] [--yes] [--json] [--local]

Removes all that a user has trained and had generated, as "purge training" does for one training, and
uploads that were never trained. Characters and synced models are not among it.

  --dry-run  only says what would go
  --yes      don't ask
`

export const purgeUser: Command = {
  words: ['purge', 'user'],
  synopsis: 'purge user UID',
  summary: 'remove all that a user has trained and generated',
  usage,
  options: purgeOptions,
  examples: ['forge purge user Zx81k --dry-run', 'forge purge user Zx81k --yes'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, purgeOptions, usage)
    const [text, ...rest] = positionals
    if (text === undefined || rest.length > 0) throw new UsageError('Name one user.', usage)
    const userId = userIdOf(text, usage)
    const { deps, close } = await connectToTrainings({ local: values.local })
    try {
      const operations = await apiOperations()
      const plan = await operations.planUserPurge(deps, userId)
      const live = plan.trainings.filter(({ isLive }) => isLive).length
      return await planAndPurge(context, {
        subject: { userId },
        remark: live > 0 ? `${live} go on and are canceled` : 'nothing goes on',
        parts: [
          ...trainingParts(plan.trainings),
          objectsPart('other files', plan.objects),
          recordsPart('usage', Number(plan.hasUsage)),
        ],
        question: `Remove this of the user ${userId}?`,
        usage,
        values,
        remove: () => operations.purgeUser(deps, plan),
      })
    } finally {
      await close()
    }
  },
}
