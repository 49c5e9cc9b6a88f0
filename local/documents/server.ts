import { Server } from '@grpc/grpc-js'
import { type Committed, createEngine, type Engine } from './engine.ts'
import { createDocumentFaults, type DocumentFaults } from './faults.ts'
import type { IndexOptions } from './indexes/check.ts'
import { listenCall } from './listen/stream.ts'
import { listCollectionIds, listDocuments, partitionQuery } from './rpc/listings.ts'
import { batchGetDocuments, getDocument } from './rpc/lookups.ts'
import { runAggregationQueryCall, runQueryCall } from './rpc/queries.ts'
import { beginTransaction, rollback } from './rpc/transactions.ts'
import { batchWrite, clearDocuments, commit, createDocument, deleteDocument, updateDocument } from './rpc/writes.ts'
import { listen } from './wire/connections.ts'
import { controlServer } from './wire/control.ts'
import { type Handlers, serviceDefinition, serviceImplementation } from './wire/service.ts'
import { changedFieldPaths } from './writes/changed-paths.ts'

/** What is larger is not even read; wire/service.ts has the service's own limit. */
const MAX_RECEIVED_BYTES = 64 * 1024 * 1024

/** One document's change, after it is durable. */
export interface DocumentChange {
  /** projects/P/databases/D/documents/… */
  name: string
  /** An encoded google.firestore.v1.Document; null on create. */
  before: Uint8Array | null
  /** Likewise; null on delete. */
  after: Uint8Array | null
  /** The paths that differ, for an event's update_mask; empty on create and delete. */
  changedFieldPaths: string[]
  commitTime: Date
}

export interface DocumentServerOptions {
  /** 0: any free one. */
  port: number
  host?: string
  /** null: in memory only. */
  dataDir: string | null
  /** Called in the order of commits, once they are durable; not for writes that change nothing. Must not throw. */
  onChange?: (change: DocumentChange) => void
  /** Milliseconds since the epoch, fractions allowed: commit and read times follow it but never go back. */
  now?: () => number
  /** What exists and what happens to a query that needs another one. Default: every query is answered and nobody told. */
  indexes?: IndexOptions
  /** A transaction that others wait for is given up after this long without a call from its client (default 5,000). */
  contendedIdleMs?: number
  /** One that nobody waits for (default 60,000, as the real service). */
  idleMs?: number
  /** Waiting for a lock longer than this is ABORTED (default 20,000). */
  lockWaitMs?: number
}

export interface DocumentServer {
  /** `127.0.0.1:PORT`, for FIRESTORE_EMULATOR_HOST. */
  host: string
  port: number
  /** What goes wrong on demand; other processes order it at `/_control/faults` or by the header `x-fault`. */
  faults: DocumentFaults
  close(): Promise<void>
}

/** Starts a Firestore that speaks gRPC (google.firestore.v1.Firestore). @throws Error when the port or the data directory cannot be had. */
export async function startDocumentServer(options: DocumentServerOptions): Promise<DocumentServer> {
  const { host = '127.0.0.1', contendedIdleMs = 5_000, idleMs = 60_000, lockWaitMs = 20_000 } = options
  const { dataDir, indexes, now: nowMs, onChange } = options
  const engine = createEngine({ dataDir, nowMs, contendedIdleMs, idleMs, lockWaitMs, indexes })
  if (onChange !== undefined) engine.subscribe((committed) => reportChanges(committed, onChange))
  const grpc = new Server({ 'grpc.max_receive_message_length': MAX_RECEIVED_BYTES, 'grpc.max_send_message_length': -1 })
  const faults = createDocumentFaults()
  const reset = (connection: string) => connections.reset(connection)
  grpc.addService(serviceDefinition(), serviceImplementation(handlersOf(engine), { faults, reset }))
  const connections = await listen(grpc, {
    host,
    port: options.port,
    http: controlServer({ faults, clear: (database) => clearDocuments(engine, database) }),
    onGone: (connection) => engine.transactions.dropConnection(connection),
  }).catch(async (error) => {
    await engine.close()
    throw error
  })
  return {
    host: `${host}:${connections.port}`,
    port: connections.port,
    faults,
    async close() {
      await connections.close()
      await engine.close()
    },
  }
}

function handlersOf(engine: Engine): Handlers {
  return {
    unary: {
      GetDocument: getDocument(engine),
      ListDocuments: listDocuments(engine),
      CreateDocument: createDocument(engine),
      UpdateDocument: updateDocument(engine),
      DeleteDocument: deleteDocument(engine),
      BeginTransaction: beginTransaction(engine),
      Commit: commit(engine),
      Rollback: rollback(engine),
      BatchWrite: batchWrite(engine),
      ListCollectionIds: listCollectionIds(engine),
      PartitionQuery: partitionQuery(engine),
    },
    serverStream: {
      BatchGetDocuments: batchGetDocuments(engine),
      RunQuery: runQueryCall(engine),
      RunAggregationQuery: runAggregationQueryCall(engine),
    },
    duplex: { Listen: listenCall(engine) },
  }
}

function reportChanges({ changes, commitTime }: Committed, onChange: (change: DocumentChange) => void): void {
  for (const { name, before, after } of changes) {
    const changed = before !== null && after !== null ? changedFieldPaths(before.fields, after.fields) : []
    onChange({
      name,
      before: before?.bytes ?? null,
      after: after?.bytes ?? null,
      changedFieldPaths: changed,
      commitTime: new Date(commitTime / 1000),
    })
  }
}
