import { documentsError, isInvalidArgument } from '#shared/documents/firestore.ts'

/** As the official client throws it. */
function refusal(code: number, message: string): Error {
  return Object.assign(new Error(`${code} NAME: ${message}`), { code })
}

test.each([
  [10, 'Too much contention on these documents. Please try again.', 'documents.contention'],
  [14, 'The service is currently unavailable.', 'documents.unavailable'],
  [7, 'Missing or insufficient permissions.', 'documents.permission-denied'],
  [3, 'The referenced transaction has expired or is no longer valid.', 'documents.transaction-closed'],
  [3, 'Transaction is invalid or closed.', 'documents.transaction-closed'],
])('what may pass is tried again: %i %s', (code, message, ours) => {
  const error = documentsError(refusal(code, message))
  expect(error).toMatchObject({ code: ours, retryable: true })
  expect(isInvalidArgument(error)).toBe(false)
})

test('a document without room is refused for good, and told from other refusals', () => {
  const full = documentsError(
    refusal(3, 'Document "characters/c" cannot be written because its size exceeds the maximum.'),
  )
  expect(full).toMatchObject({ code: 'documents.invalid-argument', retryable: false })
  expect(isInvalidArgument(full)).toBe(true)
  const other = documentsError(refusal(9, 'The query requires an index.'))
  expect(other).toMatchObject({ code: 'documents.refused', retryable: false })
  expect(isInvalidArgument(other)).toBe(false)
})

test('too large a transaction is refused for good', () => {
  const error = documentsError(refusal(3, 'Transaction too big. Decrease transaction size.'))
  expect(error).toMatchObject({ code: 'documents.invalid-argument', retryable: false })
})

test('what is no answer of Firestore is a refusal, too, and our own errors stay what they are', () => {
  const own = documentsError(refusal(14, 'away'))
  expect(documentsError(own)).toBe(own)
  expect(documentsError(new TypeError('bad'))).toMatchObject({ code: 'documents.refused', retryable: false })
})
