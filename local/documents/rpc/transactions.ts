import type { Engine } from '#local/documents/engine.ts'
import { checkDatabase } from '#local/documents/names.ts'
import type { WireTransactionOptions } from '#local/documents/wire/messages.ts'
import type { Unary } from '#local/documents/wire/service.ts'

interface BeginRequest {
  database: string
  options: WireTransactionOptions | null
}

export function beginTransaction(engine: Engine): Unary {
  return async ({ database, options }: BeginRequest, { connection }) => {
    const { id } = engine.transactions.begin(checkDatabase(database), options, connection)
    return { transaction: id }
  }
}

export function rollback(engine: Engine): Unary {
  return async ({ transaction }: { transaction: Uint8Array }) => {
    engine.transactions.end(transaction)
    return {}
  }
}
