import { type CleaningWish, gibibytes, planCleaning } from '#shared/cache/plan-cleaning.ts'
import { reading } from '#shared/documents/reading.ts'
import type { ApiContext } from '../../api-context.ts'
import type { CleanPlanView } from '../../endpoints/cache-schemas.ts'
import { cachedFileViews } from './cached-file-view.ts'

/** What a clean-up would do at this moment. */
export async function planClean({ config, loadClients, now }: ApiContext, wish: CleaningWish): Promise<CleanPlanView> {
  const { db } = await loadClients()
  const limits = { maxBytes: config.CACHE_MAX_BYTES, keepRecent: config.CACHE_KEEP_RECENT }
  const plan = await reading(planCleaning({ db, bucket: config.MODELS_STORAGE_BUCKET, limits, now }, wish))
  const views = await cachedFileViews(db, [...plan.evict, ...plan.keep.map(({ file }) => file)])
  const kept = views.slice(plan.evict.length)
  return {
    max_bytes: plan.maxBytes,
    keep_recent: plan.keepRecent,
    evict: views.slice(0, plan.evict.length),
    keep: plan.keep.flatMap(({ why }, index) => {
      const file = kept[index]
      return file === undefined ? [] : [{ file, why }]
    }),
    freed_bytes: plan.freedBytes,
    freed_space_gb: gibibytes(plan.freedBytes),
  }
}
