import { readFileSync } from 'node:fs'
import { Firestore } from '@google-cloud/firestore'
import { median } from '../result.ts'
import type { Contender } from './contenders.ts'

const operations = 3_000
const inFlight = 32
const heardWrites = 100

export interface Figures {
  readyMs: number
  setsPerSecond: number
  getsPerSecond: number
  listenMs: number
  rssMiB: number
}

/** What the official client gets out of a server that has just started: nothing is warm on either side of it. */
export async function measure(server: Contender): Promise<Figures> {
  process.env.METADATA_SERVER_DETECTION = 'none'
  const customHeaders = { Authorization: 'Bearer owner' }
  const firestore = new Firestore({ projectId: 'bench', host: server.host, ssl: false, customHeaders })
  try {
    const setsPerSecond = await rate((n) => firestore.doc(`bench/d${n}`).set({ n, text: 'x'.repeat(200), list: [n] }))
    const getsPerSecond = await rate((n) => firestore.doc(`bench/d${n}`).get())
    const listenMs = await listenLatency(firestore)
    return { readyMs: server.readyMs, setsPerSecond, getsPerSecond, listenMs, rssMiB: residentMiB(server.pid) }
  } finally {
    await firestore.terminate()
  }
}

async function rate(operation: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const startedAt = performance.now()
  const work = async () => {
    while (next < operations) await operation(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return operations / ((performance.now() - startedAt) / 1000)
}

/** From the call that writes to the snapshot that shows it. */
async function listenLatency(firestore: Firestore): Promise<number> {
  const document = firestore.doc('bench/heard')
  let hear: (n: number) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const heard = () =>
    new Promise<number>((resolve, reject) => {
      hear = resolve
      fail = reject
    })
  const first = heard()
  const stop = document.onSnapshot(
    (snapshot) => hear(snapshot.get('n') ?? -1),
    (error) => fail(error),
  )
  await first
  const latencies: number[] = []
  for (let n = 0; n < heardWrites; n++) {
    const startedAt = performance.now()
    const told = heard()
    await Promise.all([document.set({ n }), told])
    if ((await told) !== n) throw new Error('A listener was told of another write than the one that was made.')
    latencies.push(performance.now() - startedAt)
  }
  stop()
  return median(latencies)
}

function residentMiB(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}
