import type { Firestore } from '@google-cloud/firestore'
import type { DocumentChange } from '#local/documents/server.ts'
import { decodeDocument } from '#local/documents/storage/document.ts'
import {
  type DocumentRelay,
  type DocumentRelayOptions,
  startDocumentRelay,
} from '#local/events/relay/document-relay.ts'
import type { DocumentTrigger } from '#local/events/trigger.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { connectFirestore } from '../../../support/documents.ts'
import { until } from '../../../support/receiver.ts'

export const PROJECT = 'relay-project'
export const ROOT = `projects/${PROJECT}/databases/(default)/documents`

export const watching = (documentPattern: string): DocumentTrigger => ({
  name: documentPattern,
  type: 'google.cloud.firestore.document.v1.written',
  documentPattern,
  contentType: 'application/protobuf',
  url: 'http://nobody.invalid/',
})

export const startRelay = (
  host: string,
  onChange: (change: DocumentChange) => void,
  options: Partial<DocumentRelayOptions> = {},
): Promise<DocumentRelay> =>
  startDocumentRelay({
    host,
    projectId: PROJECT,
    triggers: [watching('m/{id}')],
    onChange,
    log: silentLogger,
    ...options,
  })

/** A change as a test reads it: `m/x: 1 -> 2`. */
export function told({ name, before, after }: DocumentChange): string {
  const value = (bytes: Uint8Array | null): string => {
    if (bytes === null) return '-'
    const field = decodeDocument(bytes).fields.get('n')
    return field?.type === 'integer' ? String(field.value) : '?'
  }
  return `${name.slice(ROOT.length + 1)}: ${value(before)} > ${value(after)}`
}

/** What a relay must do before any Firestore. */
export function relayContract(name: string, start: () => Promise<{ host: string; close(): Promise<void> }>): void {
  describe(name, () => {
    let server: { host: string; close(): Promise<void> }
    let db: Firestore
    let relay: DocumentRelay | null = null
    let changes: DocumentChange[] = []
    beforeAll(async () => {
      server = await start()
      db = connectFirestore(server.host, PROJECT)
    })
    afterAll(async () => {
      await db.terminate()
      await server.close()
    })
    afterEach(async () => {
      await relay?.close()
      changes = []
    })
    const relayed = async (options: Partial<DocumentRelayOptions> = {}): Promise<void> => {
      relay = await startRelay(server.host, (change) => void changes.push(change), options)
    }
    /** Waits until a last write of its own has come through: then everything before it has. */
    const seen = async (collection = 'm'): Promise<string[]> => {
      const end = `${collection}/end-${Math.random()}`
      await db.doc(end).set({ n: 0 })
      await until(() => changes.some((change) => change.name === `${ROOT}/${end}`))
      return changes.map(told).filter((text) => !text.startsWith(`${collection}/end-`))
    }

    test('tells creation, update and deletion with the documents before and after, in their order', async () => {
      await relayed()
      const { writeTime } = await db.doc('m/a').set({ n: 1, map: { x: 1, y: 1 } })
      await db.doc('m/a').update({ n: 2, 'map.x': 2 })
      await db.doc('m/a').delete()
      expect(await seen()).toEqual(['m/a: - > 1', 'm/a: 1 > 2', 'm/a: 2 > -'])
      const [created, updated, deleted] = changes
      expect(updated?.changedFieldPaths.sort()).toEqual(['map.x', 'n'])
      expect(updated?.before).toEqual(created?.after)
      expect(deleted?.before).toEqual(updated?.after)
      expect(Math.abs((created?.commitTime.getTime() ?? 0) - writeTime.toMillis())).toBeLessThanOrEqual(1)
    })

    test('does not tell what exists already', async () => {
      await db.doc('m/old').set({ n: 1 })
      await relayed()
      expect(await seen()).toEqual([])
      await db.doc('m/old').update({ n: 2 })
      expect(await seen()).toEqual(['m/old: 1 > 2'])
    })

    test('tells every one of many writes to one document', async () => {
      await relayed()
      const numbers = Array.from({ length: 30 }, (_, index) => index)
      for (const n of numbers) await db.doc('m/many').set({ n })
      expect(await seen()).toEqual(numbers.map((n) => `m/many: ${n === 0 ? '-' : n - 1} > ${n}`))
    })

    test('tells a document that is deleted at once after it was made', async () => {
      await relayed()
      await db.doc('m/short').set({ n: 1 })
      await db.doc('m/short').delete()
      await db.doc('m/short').set({ n: 2 })
      await db.doc('m/short').delete()
      expect(await seen()).toEqual(['m/short: - > 1', 'm/short: 1 > -', 'm/short: - > 2', 'm/short: 2 > -'])
    })

    test('tells every document of a transaction, and writes that change nothing with no path changed', async () => {
      await db.doc('m/kept').set({ n: 1 })
      await relayed()
      await db.runTransaction(async (transaction) => {
        transaction.set(db.doc('m/one'), { n: 1 })
        transaction.update(db.doc('m/kept'), { n: 2 })
        transaction.delete(db.doc('m/absent'))
      })
      await db.doc('m/kept').update({ n: 2 })
      expect((await seen()).filter((text) => text !== 'm/kept: 2 > 2').sort()).toEqual([
        'm/kept: 1 > 2',
        'm/one: - > 1',
      ])
      for (const change of changes.filter((one) => told(one) === 'm/kept: 2 > 2')) {
        expect(change.changedFieldPaths).toEqual([])
      }
    })

    test('follows each collection that a trigger names, wherever it lies, and no other', async () => {
      await relayed({ triggers: [watching('m/{id}'), watching('m/{id}/deep/{x}'), watching('m/{y}')] })
      await db.doc('other/x').set({ n: 1 })
      await db.doc('m/parent/deep/x').set({ n: 2 })
      await db.doc('m/parent').set({ n: 3 })
      expect(
        [...(await seen()), ...(await seen('m/parent/deep'))].filter((text) => !text.includes('end-')).sort(),
      ).toEqual(expect.arrayContaining(['m/parent/deep/x: - > 2', 'm/parent: - > 3']))
      expect(changes.map(told).filter((text) => text.startsWith('other'))).toEqual([])
    })

    test('of two databases and projects follows the one of the trigger', async () => {
      const other = connectFirestore(server.host, 'another-project')
      await relayed()
      await other.doc('m/foreign').set({ n: 1 })
      await other.terminate()
      expect(await seen()).toEqual([])
    })
  })
}
