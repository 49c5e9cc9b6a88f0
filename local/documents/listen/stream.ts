import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Micros } from '#local/documents/clock.ts'
import type { Committed, Engine } from '#local/documents/engine.ts'
import { parseDocumentName } from '#local/documents/names.ts'
import { parseQuery } from '#local/documents/queries/parse.ts'
import { projectedBytes } from '#local/documents/queries/project.ts'
import type { FieldPath } from '#local/documents/values/field-path.ts'
import type { WireQuery, WireTimestamp } from '#local/documents/wire/messages.ts'
import { type Duplex, statusOf } from '#local/documents/wire/service.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { fromWireTimestamp, toWireTimestamp } from '#local/documents/wire/timestamp.ts'
import { readResumeToken, resumeToken } from './resume-token.ts'
import { type Difference, type WatchedSet, watchDocuments, watchQuery } from './target.ts'

/** The official client restarts a stream that is silent for two minutes. */
const HEARTBEAT_MS = 30_000
const CHANGE = { none: 0, add: 1, remove: 2, current: 3, reset: 4 } as const

interface WireTarget {
  targetId: number
  targetType?: 'query' | 'documents'
  query: { parent: string; structuredQuery: WireQuery }
  documents: { documents: string[] }
  resumeType?: 'resumeToken' | 'readTime'
  resumeToken: Uint8Array
  readTime: WireTimestamp
  once: boolean
}

interface ListenRequest {
  targetChange?: 'addTarget' | 'removeTarget'
  addTarget: WireTarget
  removeTarget: number
}

interface Target {
  set: WatchedSet
  select: readonly FieldPath[] | null
  /** The client knows the set as of this time. */
  toldUntil: Micros
}

/** Serves Listen streams: targets come and go, every commit that changes one is sent with its own snapshot time. */
export function listenCall(engine: Engine): Duplex {
  return (stream: ServerDuplexStream<object, object>) => {
    const targets = new Map<number, Target>()

    const unsubscribe = engine.subscribe((commit) => tell(stream, targets, commit))
    const heartbeat = setInterval(() => {
      if (targets.size > 0) sendSnapshot(stream, engine.clock.readTime())
    }, HEARTBEAT_MS)
    heartbeat.unref()
    const stop = () => {
      unsubscribe()
      clearInterval(heartbeat)
    }

    stream.on('data', (request: ListenRequest) => {
      if (request.targetChange === 'removeTarget') {
        targets.delete(request.removeTarget)
        sendTargetChange(stream, CHANGE.remove, request.removeTarget)
        return
      }
      if (request.targetChange !== 'addTarget') return
      try {
        addTarget(engine, stream, targets, request.addTarget)
      } catch (error) {
        // As Google's: the stream stays, the target is taken away with the reason.
        const { code, details: message } = statusOf(error)
        const cause = { code, message }
        stream.write({
          targetChange: { targetChangeType: CHANGE.remove, targetIds: [request.addTarget.targetId], cause },
        })
      }
    })
    stream.on('cancelled', stop)
    stream.on('error', stop)
    stream.on('end', () => {
      stop()
      stream.end()
    })
  }
}

function addTarget(
  engine: Engine,
  stream: ServerDuplexStream<object, object>,
  targets: Map<number, Target>,
  wire: WireTarget,
): void {
  const { targetId: id } = wire
  const { set, select } = watchedSet(engine, wire)
  const since = resumedTime(engine, wire)
  const time = engine.clock.readTime()
  sendTargetChange(stream, CHANGE.add, id)
  // The client holds a set of a time that is no longer known here: it must start again from nothing.
  if (since === 'unknown') sendTargetChange(stream, CHANGE.reset, id)
  sendDifference(stream, id, select, set.start(time, since === 'unknown' ? null : since), time)
  const told = { readTime: toWireTimestamp(time), resumeToken: resumeToken(time) }
  stream.write({ targetChange: { targetChangeType: CHANGE.current, targetIds: [id], ...told } })
  sendSnapshot(stream, time)
  if (wire.once) sendTargetChange(stream, CHANGE.remove, id)
  else targets.set(id, { set, select, toldUntil: time })
}

function watchedSet(engine: Engine, wire: WireTarget): Pick<Target, 'set' | 'select'> {
  if (wire.targetType === 'documents') {
    for (const name of wire.documents.documents) parseDocumentName(name)
    return { set: watchDocuments(engine.store, wire.documents.documents), select: null }
  }
  if (wire.targetType !== 'query') throw invalidArgument('A target must be a query or documents.')
  const query = parseQuery(wire.query.parent, wire.query.structuredQuery)
  engine.checkIndexes(query)
  return { set: watchQuery(engine.store, query), select: query.select }
}

/** Since when the client wants to go on: null from the start, 'unknown' when its time cannot be read any more. */
function resumedTime(engine: Engine, wire: WireTarget): Micros | null | 'unknown' {
  const isToken = wire.resumeType === 'resumeToken' && wire.resumeToken.length > 0
  if (!isToken && wire.resumeType !== 'readTime') return null
  const time = isToken ? readResumeToken(wire.resumeToken) : fromWireTimestamp(wire.readTime)
  if (time === null || time > engine.clock.readTime()) return 'unknown'
  try {
    engine.store.checkReadable(time)
    return time
  } catch {
    return 'unknown'
  }
}

function tell(stream: ServerDuplexStream<object, object>, targets: Map<number, Target>, commit: Committed): void {
  const { commitTime } = commit
  let told = false
  for (const [id, target] of targets) {
    // A target may have started from a state that has this commit already.
    if (commitTime <= target.toldUntil) continue
    target.toldUntil = commitTime
    const difference = target.set.follow(commit)
    if (difference.changed.length === 0 && difference.removed.length === 0) continue
    sendDifference(stream, id, target.select, difference, commitTime)
    told = true
  }
  if (told) sendSnapshot(stream, commitTime)
}

function sendDifference(
  stream: ServerDuplexStream<object, object>,
  id: number,
  select: readonly FieldPath[] | null,
  { changed, removed }: Difference,
  time: Micros,
): void {
  for (const document of changed) {
    stream.write({ documentChange: { document: projectedBytes(document, select), targetIds: [id] } })
  }
  for (const { name, deleted } of removed) {
    const gone = { document: name, removedTargetIds: [id], readTime: toWireTimestamp(time) }
    stream.write(deleted ? { documentDelete: gone } : { documentRemove: gone })
  }
}

function sendTargetChange(stream: ServerDuplexStream<object, object>, targetChangeType: number, id: number): void {
  stream.write({ targetChange: { targetChangeType, targetIds: [id] } })
}

/** Without target ids: all targets are consistent at this time. */
function sendSnapshot(stream: ServerDuplexStream<object, object>, time: Micros): void {
  const change = { targetChangeType: CHANGE.none, readTime: toWireTimestamp(time), resumeToken: resumeToken(time) }
  stream.write({ targetChange: change })
}
