import { type QuotaName, readUsage, roomFor, storedBytes, usedOf } from '#shared/documents/quotas.ts'
import { reading } from '#shared/documents/reading.ts'
import type { ApiContext } from '../api-context.ts'
import { quotaLimits } from './quota-limits.ts'

interface QuotaView {
  used: number
  most: number
  retryAt: string | null
}

interface UsageView extends Record<QuotaName, QuotaView> {
  storage: { usedBytes: number; mostBytes: number }
}

/** A user's quotas as they are now. */
export async function usageOf(context: ApiContext, userId: string): Promise<UsageView> {
  const { db } = await context.loadClients()
  const usage = await reading(readUsage(null, db, userId))
  const now = context.now()
  const limits = quotaLimits(context.config)
  const quotaView = (quota: QuotaName): QuotaView => {
    const limit = limits[quota]
    // A key that nothing has: one more of it.
    const room = roomFor(usage, { quota, key: '', amount: 1, limit, now })
    const retryAt = room.kind === 'none' ? (room.retryAt?.toISOString() ?? null) : null
    return { used: usedOf(usage, quota, now), most: limit.most, retryAt }
  }
  return {
    trainings: quotaView('trainings'),
    generations: quotaView('generations'),
    storage: { usedBytes: storedBytes(usage, now), mostBytes: context.config.STORAGE_QUOTA_BYTES },
  }
}
