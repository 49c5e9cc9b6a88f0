import { createHash } from 'node:crypto'
import { newId } from '#shared/documents/new-id.ts'

/** The id of what a request begins: the same for the same user and Idempotency-Key, a new one without a key. */
export function requestedId(request: { userId: string; endpoint: string; idempotencyKey: string | null }): string {
  const { userId, endpoint, idempotencyKey } = request
  if (idempotencyKey === null) return newId()
  const digest = createHash('sha256')
    .update(JSON.stringify([endpoint, userId, idempotencyKey]))
    .digest()
  return newId((size) => digest.subarray(0, size))
}
