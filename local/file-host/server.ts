import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFaultQueue, dueFor } from '../fault-queue.ts'
import { startStandInServer } from '../stand-in-server.ts'
import { answerFile, attachmentOf } from './answer.ts'
import { type FileHostEndpoint, type FileHostFault, type FileHostFaults, faultOrder } from './faults.ts'
import { type AddFile, createStoredFile, type HostedFile, type StoredFile } from './hosted-file.ts'
import { createLanes, type Shape } from './lanes.ts'
import { Refusal } from './refusal.ts'
import { endDelivery, sendBytes, sendInstead, sendRefusal } from './send.ts'
import { createSignedUrls } from './signed-urls.ts'
import { canHarm, spoil } from './spoil.ts'

export type { AddFile, HostedFile } from './hosted-file.ts'

/** One request that the host has seen; kept up to date while it is answered. */
export interface FileHostRequest {
  /** From 1. */
  index: number
  method: string
  /** Without the signature. */
  path: string
  range: string | null
  ifRange: string | null
  /** Whether a credential came along, which no client should send here. */
  authorized: boolean
  /** Null before the answer. */
  status: number | null
  /** Of the body. */
  bytesSent: number
  /** The fault that it met. */
  fault: FileHostFault['kind'] | null
  /** How many answers were under way when this one began, itself included; 0 where it had no body. */
  lanes: number
}

export interface FileHostOptions {
  /** 0 takes a free one. */
  port?: number
  /** Decides when URLs expire. */
  now?: () => number
}

/** A storage or CDN of files, as R2 and Backblaze are behind one hub and a CDN behind another. */
export interface FileHost {
  /** The origin. */
  url: string
  add(file: AddFile): HostedFile
  /** A signed URL, a new one at every call; a day long unless told otherwise. */
  locationOf(file: HostedFile, options?: { expiresInMs?: number }): string
  /** Every URL handed out so far is 403 from now on. */
  expireAll(): void
  inject: FileHostFaults['inject']
  assertAllFired: FileHostFaults['assertAllFired']
  /** Lasting behaviour of the host from now on, in place of what was said before; `{}` takes every limit away. */
  shape(shape: Shape): void
  requests: readonly FileHostRequest[]
  /** Bytes of bodies that have left so far, over all requests. */
  readonly bytesSent: number
  /** Calls `action` once, as soon as `bytesSent` is `sizeBytes` or more. */
  afterBytes(sizeBytes: number, action: () => void): void
  close(): Promise<void>
}

/** Starts a file host on 127.0.0.1: signed URLs, ranges, generated files of any size, transfer faults on demand. */
export async function startFileHost(options: FileHostOptions = {}): Promise<FileHost> {
  const { port = 0, now = Date.now } = options
  const urls = createSignedUrls(now)
  const lanes = createLanes(() => performance.now())
  const faults = createFaultQueue<FileHostFault, FileHostEndpoint>()
  const requests: FileHostRequest[] = []
  const files = new Map<string, StoredFile>()
  let marks: { sizeBytes: number; action: () => void }[] = []
  let bytesSent = 0

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const seen = newRequest(request, url, requests.length + 1)
    requests.push(seen)
    response.once('close', () => {
      seen.status = response.headersSent ? response.statusCode : null
    })
    const file = admit(request, url)
    const { ranges = true, maxConnections = Number.POSITIVE_INFINITY } = lanes.shape
    if (lanes.count() >= maxConnections) throw new Refusal(403, 'AccessDenied', 'Too many connections')
    const disposition = url.searchParams.get('response-content-disposition')
    const answer = (): ReturnType<typeof answerFile> => answerFile(file, { request, disposition, ranges })

    const situation = { file, answer: answer(), asksForRange: seen.range !== null, otherLanes: lanes.count(file) }
    const { fault, fire } = dueFor(
      faults.next('file', (fault) => canHarm(fault, situation)),
      seen,
    )
    if (sendInstead(response, fault)) return fire()
    if (fault?.kind === 'changed-etag') file.change(fault.newBytes ?? false)

    const delivery = spoil(answer(), fault)
    const lane = lanes.open(file, delivery)
    file.wasEtagTold = true
    seen.lanes = lanes.count()
    const onSent = (sizeBytes: number): void => {
      seen.bytesSent += sizeBytes
      if (seen.bytesSent >= delivery.harmAfterBytes) fire()
      count(sizeBytes)
    }
    try {
      if (!(await sendBytes(response, delivery, { lane, onSent }))) return
      // Before the client can notice the end and come again.
      fire()
      if (fault?.kind === 'expire') urls.expireAll()
      await endDelivery(response, delivery.ending)
    } finally {
      lane.close()
    }
  }

  /** The file that a request may have. Throws what the storage would answer it otherwise. */
  function admit(request: IncomingMessage, url: URL): StoredFile {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new Refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.')
    }
    // The signature in the URL is a credential already, and a second one is a mistake of the client.
    if (request.headers.authorization !== undefined) {
      throw new Refusal(400, 'InvalidRequest', 'Missing x-amz-content-sha256')
    }
    urls.check(url)
    const file = files.get(url.pathname)
    if (file === undefined) throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.')
    return file
  }

  function count(sizeBytes: number): void {
    bytesSent += sizeBytes
    const due = marks.filter((mark) => mark.sizeBytes <= bytesSent)
    marks = marks.filter((mark) => mark.sizeBytes > bytesSent)
    for (const mark of due) mark.action()
  }

  const server = await startStandInServer({
    title: 'File host stand-in',
    port,
    faults,
    faultOrder,
    requests,
    serve,
    refuse: (response, error) =>
      sendRefusal(response, error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error))),
  })

  return {
    url: server.url,
    requests,
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    add(order) {
      const file = createStoredFile({ ...order, index: files.size + 1, nowMs: now() })
      files.set(file.path, file)
      return file
    },
    locationOf: (file, { expiresInMs } = {}) =>
      `${server.url}${urls.sign(file.path, { disposition: attachmentOf(file.fileName), expiresInMs })}`,
    expireAll: urls.expireAll,
    shape(shape) {
      lanes.shape = shape
    },
    get bytesSent() {
      return bytesSent
    },
    afterBytes(sizeBytes, action) {
      marks.push({ sizeBytes, action })
      count(0)
    },
    close: server.close,
  }
}

function newRequest({ method = '', headers }: IncomingMessage, url: URL, index: number): FileHostRequest {
  return {
    index,
    method,
    path: url.pathname,
    range: headers.range ?? null,
    ifRange: headers['if-range']?.toString() ?? null,
    authorized: headers.authorization !== undefined,
    status: null,
    bytesSent: 0,
    fault: null,
    lanes: 0,
  }
}
