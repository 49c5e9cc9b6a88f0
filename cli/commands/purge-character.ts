import type { PurgePlan } from '../../services/image-worker/app.ts'
import { loadOperations } from '../../services/image-worker/app.ts'
import { mayGoOn } from '../ask.ts'
import { type Command, characterIdOf, parseCall, UsageError } from '../command.ts'
import { connect } from '../connect.ts'
import { table } from '../output.ts'

const usage = `forge purge character CHARACTER [--raw] [--dry-run] [--yes] [--json] [--local]

Removes what the image worker made of a character: showcase images, temporaries, its jobs and its
run slot. The app's document stays and says afterwards that there is no showcase.

  --raw      also the uploaded pictures, which the app's main image and gallery point at
  --dry-run  only says what would go
  --yes      don't ask
`

export const purgeCharacter: Command = {
  words: ['purge', 'character'],
  synopsis: 'purge character CHARACTER',
  summary: 'remove outputs, temporaries and jobs of a character',
  usage,
  async run(args, { output, signal }) {
    const options = {
      raw: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    } as const
    const { values, positionals } = parseCall(args, options, usage)
    const [text, ...rest] = positionals
    if (text === undefined || rest.length > 0) throw new UsageError('Name one character.', usage)
    const characterId = characterIdOf(text, usage)
    const connection = await connect({ local: values.local })
    try {
      const operations = await loadOperations()
      const { db, store, config } = connection
      const deps = { db, store, bucket: config.STORAGE_BUCKET, workBucket: config.WORK_BUCKET }
      const plan = await operations.planPurge(deps, { characterId, withRaw: values.raw })
      const record = { characterId, hasDocument: plan.hasDocument, parts: partsOf(plan) }
      output.result({ type: 'plan', ...record }, planText(plan))
      if (values['dry-run'] || isEmpty(plan)) return true
      const question = `Remove this of ${characterId}${plan.uploads.length > 0 && plan.hasDocument ? ', pictures that the app still shows included' : ''}?`
      if (!(await mayGoOn({ output, yes: values.yes, question, usage, signal }))) {
        output.note('Nothing was removed.')
        return false
      }
      await operations.purgeCharacter(deps, plan)
      output.result({ type: 'purged', ...record }, `${characterId} is purged.`)
      return true
    } finally {
      await connection.close()
    }
  },
}

function partsOf(plan: PurgePlan): { part: string; count: number; sizeBytes: number }[] {
  const objects = [
    { part: 'showcase images', found: plan.outputs },
    { part: 'temporaries', found: plan.temporaries },
    { part: 'uploads', found: plan.uploads },
  ].map(({ part, found }) => ({
    part,
    count: found.length,
    sizeBytes: found.reduce((sum, object) => sum + object.sizeBytes, 0),
  }))
  return [
    ...objects,
    { part: 'jobs', count: plan.jobIds.length, sizeBytes: 0 },
    { part: 'run slots', count: plan.hasSlot ? 1 : 0, sizeBytes: 0 },
  ]
}

function isEmpty(plan: PurgePlan): boolean {
  return partsOf(plan).every((part) => part.count === 0)
}

function planText(plan: PurgePlan): string {
  if (isEmpty(plan)) return `There is nothing of ${plan.characterId} to remove.`
  const rows = partsOf(plan)
    .filter((part) => part.count > 0)
    .map(({ part, count, sizeBytes }) => [part, count, sizeBytes > 0 ? `${(sizeBytes / 1024).toFixed(1)} KiB` : ''])
  const document = plan.hasDocument ? 'its document stays and will show no showcase' : 'its document is gone already'
  return `Of ${plan.characterId} (${document}):\n${table(rows)}`
}
