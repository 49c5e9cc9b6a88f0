import { type Command, characterIdOf, parseCall, UsageError } from '../command.ts'
import { connect } from '../connect.ts'
import { imageOperations } from '../operations.ts'
import { objectsPart, planAndPurge, purgeOptions, recordsPart } from '../purge.ts'

const usage = `forge purge character CHARACTER [--raw] [--dry-run] [--yes] [--json] [--local]

Removes what the image worker made of a character: showcase images, temporaries, its jobs and its
run slot. The app's document stays and says afterwards that there is no showcase.

  --raw      also the uploaded pictures, which the app's main image and gallery point at
  --dry-run  only says what would go
  --yes      don't ask
`

const options = { ...purgeOptions, raw: { type: 'boolean', default: false } } as const

export const purgeCharacter: Command = {
  words: ['purge', 'character'],
  synopsis: 'purge character CHARACTER',
  summary: 'remove outputs, temporaries and jobs of a character',
  usage,
  options,
  examples: ['forge purge character 8f3kQ --dry-run', 'forge purge character 8f3kQ --raw --yes'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, usage)
    const [text, ...rest] = positionals
    if (text === undefined || rest.length > 0) throw new UsageError('Name one character.', usage)
    const characterId = characterIdOf(text, usage)
    const connection = await connect({ local: values.local })
    try {
      const operations = await imageOperations()
      const { db, store, config } = connection
      const deps = { db, store, bucket: config.STORAGE_BUCKET, workBucket: config.WORK_BUCKET }
      const plan = await operations.planPurge(deps, { characterId, withRaw: values.raw })
      const isShown = plan.uploads.length > 0 && plan.hasDocument
      return await planAndPurge(context, {
        subject: { characterId },
        facts: { hasDocument: plan.hasDocument },
        remark: plan.hasDocument ? 'its document stays and will show no showcase' : 'its document is gone already',
        parts: [
          objectsPart('showcase images', plan.outputs),
          objectsPart('temporaries', plan.temporaries),
          objectsPart('uploads', plan.uploads),
          recordsPart('jobs', plan.jobIds.length),
          recordsPart('run slots', plan.hasSlot ? 1 : 0),
        ],
        question: `Remove this of ${characterId}${isShown ? ', pictures that the app still shows included' : ''}?`,
        usage,
        values,
        remove: () => operations.purgeCharacter(deps, plan),
      })
    } finally {
      await connection.close()
    }
  },
}
