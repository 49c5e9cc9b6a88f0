import type { KillMoment } from '../../support/kill-proxy.ts'

/** What the documents say when the process has to die. */
export type DocumentsMoment =
  | 'sync claimed'
  | 'source resolved'
  | 'copy recorded'
  | 'copy claimed'
  | 'plan stored'
  | 'file stored'
  | 'copy done'
  | 'sync done'

/** What is asked of the bucket. */
export type BucketMoment = 'part upload' | 'read back' | 'group' | 'publication' | 'removal'

export type Moment =
  | { at: 'documents'; what: DocumentsMoment }
  /** The hub has the request and says nothing. */
  | { at: 'hub' }
  /** So many more bytes have left the file's host. */
  | { at: 'source'; bytes: number }
  /** The k-th such request from now on. */
  | { at: 'bucket'; what: BucketMoment; k: number; moment: KillMoment }

/**
 * `kills` moments of one sync in the order in which they come by: a fixed share for each phase, chance within it. Between
 * the last part and the stored result there are no more than four, one less than would end a job that gets nowhere (five
 * failures without durable progress): a copy that dies there every time shall end.
 */
export function chooseMoments(
  random: () => number,
  setup: { kills: number; sizeBytes: number; partBytes: number; keepsLocks?: boolean },
): Moment[] {
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const upTo = (most: number) => 1 + Math.floor(random() * most)
  const when = () => oneOf<KillMoment>(['before', 'unanswered', 'after'])
  const groups = Math.ceil(setup.sizeBytes / setup.partBytes / 32)

  const resolve: Moment[] = [
    { at: 'documents', what: 'sync claimed' },
    { at: 'hub' },
    // After the first of each pair a transaction follows at once.
    { at: 'documents', what: setup.keepsLocks ? 'copy recorded' : oneOf(['source resolved', 'copy recorded']) },
    { at: 'documents', what: setup.keepsLocks ? 'plan stored' : oneOf(['copy claimed', 'plan stored']) },
  ]
  const ends: Moment[] = [
    { at: 'bucket', what: 'group', k: upTo(groups), moment: when() },
    { at: 'bucket', what: 'read back', k: upTo(32), moment: when() },
    { at: 'bucket', what: 'publication', k: 1, moment: oneOf(['before', 'unanswered']) },
    { at: 'bucket', what: 'publication', k: 1, moment: 'unanswered' },
  ]
  const last: Moment[] = [
    { at: 'documents', what: 'file stored' },
    { at: 'bucket', what: 'removal', k: upTo(20), moment: when() },
    { at: 'documents', what: 'copy done' },
    { at: 'documents', what: oneOf(['sync claimed', 'sync done']) },
  ]
  const others = [resolve, ends, last].flatMap((phase) => pick(phase, setup.kills / 20, random))
  const copies = Math.max(1, setup.kills - others.length)
  // Shares of the file, so that the last of them still finds something to fetch.
  const share = (setup.sizeBytes / (copies + 2)) * 0.9
  const copy = Array.from({ length: copies }, (_, index): Moment => {
    if (index % 4 === 3) return { at: 'bucket', what: 'part upload', k: 4 + upTo(4), moment: when() }
    return { at: 'source', bytes: Math.floor(share * (0.6 + 0.8 * random())) }
  })
  const isBefore = (moment: Moment) => resolve.includes(moment)
  return [...others.filter(isBefore), ...copy, ...others.filter((moment) => !isBefore(moment))]
}

/** A share of them, by chance, in their order. */
function pick(moments: readonly Moment[], share: number, random: () => number): Moment[] {
  const number = Math.max(1, Math.round(moments.length * share))
  const left = [...moments]
  while (left.length > number) left.splice(Math.floor(random() * left.length), 1)
  return left
}

export function describeMoment(moment: Moment): string {
  switch (moment.at) {
    case 'documents':
      return moment.what
    case 'hub':
      return 'hub asked'
    case 'source':
      return `${moment.bytes} bytes on`
    case 'bucket':
      return `${moment.what} ${moment.k}, ${moment.moment}`
    default:
      return moment satisfies never
  }
}
