import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { SyncWorld } from '../../support/sync-world.ts'
import { until } from '../../support/until.ts'
import type { BucketMoment, DocumentsMoment, Moment } from './moments.ts'

/** Kills the service at the moment; resolves, once it is dead, to what it was at. */
export async function strikeAt(world: SyncWorld, moment: Moment): Promise<string> {
  switch (moment.at) {
    case 'documents':
      return await strikeAtDocuments(world, moment.what)
    case 'hub': {
      world.civitai.inject({ fault: { kind: 'hang' }, times: 1 })
      const asked = world.civitai.requests.length
      const hanging = () => world.civitai.requests.slice(asked).find(({ fault }) => fault === 'hang')
      await until(async () => hanging() !== undefined, 5)
      await world.killService()
      return `${hanging()?.endpoint}`
    }
    case 'source': {
      const { promise, resolve } = Promise.withResolvers<void>()
      world.fileHost.afterBytes(world.fileHost.bytesSent + moment.bytes, () => {
        world.service.child.kill('SIGKILL')
        resolve()
      })
      await promise
      await world.service.exited
      return `${world.fileHost.bytesSent} bytes sent in all`
    }
    case 'bucket': {
      const { promise, resolve } = Promise.withResolvers<void>()
      const { k, moment: when, what } = moment
      const match = (label: string) => patterns[what].test(label)
      const kill = async () => {
        await world.killService()
        resolve()
      }
      const order = world.proxy!.arm({ k, moment: when, match, kill })
      await promise
      return String(order.fired).replace(/\/work\/[0-9a-f]{40}/, '/{work}')
    }
    default:
      return moment satisfies never
  }
}

const patterns: Record<BucketMoment, RegExp> = {
  'part upload': /^POST \/upload.*\/part-\d{5}$/,
  'read back': /^GET .*\/part-\d{5}$/,
  group: /^POST .*\/group-\d\d\/compose$/,
  publication: /^POST .*\/models\/.*\/compose$/,
  removal: /^DELETE .*\/part-\d{5}$/,
}

interface Seen {
  sync: JobRecord | undefined
  copy: JobRecord | undefined
}

/** As soon as they say so; where they did before already, at the next claim. */
async function strikeAtDocuments(world: SyncWorld, what: DocumentsMoment): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let first: Seen | null = null
  const stop = world.db.collection('jobs').onSnapshot(({ docs }) => {
    const jobs = docs.map((found) => found.data() as JobRecord)
    const now = { sync: jobs.find(({ kind }) => kind === 'sync'), copy: jobs.find(({ kind }) => kind === 'copy') }
    first ??= now
    const isClaimed = (kind: keyof Seen) => (now[kind]?.fence ?? 0) > (first?.[kind]?.fence ?? 0)
    const wasBefore = isReached(what, first)
    const isDue =
      what === 'sync claimed' || what === 'copy claimed'
        ? isClaimed(what === 'sync claimed' ? 'sync' : 'copy')
        : isReached(what, now) && (!wasBefore || isClaimed('copy') || isClaimed('sync') || what === 'sync done')
    if (!isDue) return
    world.service.child.kill('SIGKILL')
    resolve(`sync ${now.sync?.state}, copy ${now.copy?.state ?? 'unknown'}`)
  })
  const where = await promise
  stop()
  await world.service.exited
  return where
}

function isReached(what: DocumentsMoment, { sync, copy }: Seen): boolean {
  switch (what) {
    case 'source resolved':
      return sync?.steps.resolve !== undefined
    case 'copy recorded':
      return copy !== undefined
    case 'plan stored':
      return copy?.steps['plan-0'] !== undefined
    case 'file stored':
      return copy?.steps['file-0'] !== undefined
    case 'copy done':
      return copy?.state === 'done'
    case 'sync done':
      return sync?.state === 'done'
    case 'sync claimed':
    case 'copy claimed':
      return false
    default:
      return what satisfies never
  }
}
