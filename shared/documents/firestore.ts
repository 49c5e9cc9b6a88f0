import { Firestore } from '@google-cloud/firestore'
import { AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'

export interface FirestoreOptions {
  projectId: string
  databaseId: string
  /** A service account key, for projects that must reach another project's database; else the ambient account. */
  credentials?: { client_email: string; private_key: string } | null
}

/** The one way to a Firestore client. FIRESTORE_EMULATOR_HOST is honoured by the client itself. */
export function createFirestore(options: FirestoreOptions): Firestore {
  return new Firestore({
    projectId: options.projectId,
    databaseId: options.databaseId,
    ignoreUndefinedProperties: true,
    ...(options.credentials ? { credentials: options.credentials } : {}),
  })
}

/** gRPC status codes (google.rpc.Code) that say "not now" rather than "never". */
const passingCodes = new Map<number, string>([
  [1, 'canceled'],
  [2, 'unknown'],
  [4, 'deadline-exceeded'],
  [8, 'resource-exhausted'],
  [10, 'contention'],
  [13, 'internal'],
  [14, 'unavailable'],
  // A missing role or an expired credential is ours to mend; the event must survive until somebody has.
  [7, 'permission-denied'],
  [16, 'unauthenticated'],
])

/** How Firestore and its emulator say that a transaction was taken from its owner: under the code of what can never be written. */
const closedTransaction = /transaction (has expired|is invalid or closed)/i
const transactionClosed = 'transaction-closed'
const invalidArgument = 'documents.invalid-argument'

/** Whether Firestore itself said that this can never be written: a document without room, a name that none may have. */
export function isInvalidArgument(error: AppError): boolean {
  return error.code === invalidArgument
}

/** Whether a transaction waited for others until it was closed; a new one may succeed. */
export function isTransactionClosed(error: AppError): boolean {
  return error.code === `documents.${transactionClosed}`
}

/** Translates what the Firestore client throws; our own errors pass through unchanged. */
export function documentsError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = grpcCode(error)
  const message = error instanceof Error ? error.message : String(error)
  const passing = code === 3 && closedTransaction.test(message) ? transactionClosed : passingCodes.get(code ?? 0)
  if (passing !== undefined) {
    return new TransientError({
      code: `documents.${passing}`,
      message: `Firestore did not take the operation (${passing}); it will be tried again.`,
      facts: { grpcCode: code, reason: message },
      cause: error,
    })
  }
  if (code === 3) {
    return new FinalError({
      code: invalidArgument,
      message:
        'Firestore does not take what was to be written; most often a document is at its limit (1 MiB, or 40,000 index entries).',
      facts: { grpcCode: code, reason: message },
      cause: error,
    })
  }
  return new FinalError({
    code: 'documents.refused',
    message: 'Firestore refused the operation.',
    facts: { grpcCode: code, reason: message },
    cause: error,
  })
}

function grpcCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'number' ? error.code : null
}

/** Whether a `create` found the document there already. */
export function isAlreadyThere(error: unknown): boolean {
  return grpcCode(error) === 6
}

/** Whether a write with a precondition found the document changed, or gone. */
export function isPreconditionFailed(error: unknown): boolean {
  return grpcCode(error) === 9 || grpcCode(error) === 5
}
