import { startDocumentsProxy } from './documents-proxy.ts'
import { type HttpProxy, startHttpProxy } from './http-proxy.ts'
import { Recording } from './recording.ts'
import { storageCalls } from './storage-calls.ts'
import { taskCalls } from './task-calls.ts'

/** Google's side of the local cloud. */
export interface Servers {
  bucketUrl: string
  documentsHost: string
  tasksUrl: string
}

/** One service between proxies of its own. */
export interface RecordedEdges {
  recording: Recording
  /** Where others reach the service. */
  url: string
  /** Puts proxies before the servers. @returns what the service is to be given in their place. */
  record(servers: Servers): Promise<Servers>
  close(): Promise<void>
}

/** Puts a proxy before a service that will listen at `serviceUrl`, and offers those between it and what it asks. */
export async function recordService(service: string, serviceUrl: string): Promise<RecordedEdges> {
  const recording = new Recording(service)
  const opened: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one)
    return one
  }
  const proxy = async (init: Parameters<typeof startHttpProxy>[0]): Promise<HttpProxy> =>
    keep(await startHttpProxy(init))
  const front = await proxy({
    target: serviceUrl,
    onBegun: () => {
      recording.underWay += 1
    },
    onEnded: () => {
      recording.underWay -= 1
    },
    onPassed: ({ url, startMs, endMs }) => recording.served.push({ path: url.pathname, startMs, endMs }),
  })
  return {
    recording,
    url: front.url,
    async record(servers) {
      const bucket = await proxy({
        target: servers.bucketUrl,
        onPassed(passed) {
          for (const call of storageCalls(passed)) recording.note(call)
          if (passed.method === 'GET') recording.objectBytes.read += passed.answerBytes
          else recording.objectBytes.written += passed.requestBytes
        },
      })
      const tasks = await proxy({
        target: servers.tasksUrl,
        keepsBodies: true,
        onPassed: (passed) => {
          for (const call of taskCalls(passed)) recording.note(call)
        },
      })
      const documents = keep(await startDocumentsProxy(servers.documentsHost, recording))
      return { bucketUrl: bucket.url, documentsHost: documents.host, tasksUrl: tasks.url }
    },
    async close() {
      for (const one of opened.toReversed()) await one.close()
    },
  }
}
