// Run as a process of its own: sends webhooks over kept-alive connections, one at a time on each, each about another run,
// and prints how many were answered with 2xx in a second and how long that took. Arguments: port, connections,
// milliseconds, the number of the first run.
import { connect } from 'node:net'
import { requestBytes } from '../http-bytes.ts'
import { webhookDelivery } from './delivery.ts'

/** What came of one round. */
export interface WebhookRound {
  perSecond: number
  p50Ms: number
  p99Ms: number
  sent: number
}

const [port = 0, connections = 0, durationMs = 0, first = 0] = process.argv.slice(2).map(Number)
const tookMs: number[] = []
let next = first
let isOver = false

function keepSending(): void {
  const socket = connect(port, '127.0.0.1', send).setNoDelay()
  let answer = ''
  let sentAt = 0

  function send(): void {
    const bytes = requestBytes(webhookDelivery(next++), port)
    answer = ''
    sentAt = performance.now()
    socket.write(bytes)
  }

  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
    if (!isWhole(answer)) return
    if (!/^HTTP\/1\.1 20[024] /.test(answer)) throw new Error(`A webhook was answered with ${answer.slice(0, 300)}`)
    tookMs.push(performance.now() - sentAt)
    if (isOver) socket.destroy()
    else send()
  })
}

/** An answer ends with its head or with as many bytes as that says. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, headEnd))?.[1] ?? '0'
  return answer.length >= headEnd + 4 + Number(length)
}

const began = performance.now()
for (let opened = 0; opened < connections; opened++) keepSending()
setTimeout(() => {
  isOver = true
  const perSecond = (tookMs.length * 1000) / (performance.now() - began)
  const sorted = tookMs.toSorted((left, right) => left - right)
  const percentile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  const round = { perSecond, p50Ms: percentile(0.5), p99Ms: percentile(0.99), sent: next - first }
  console.log(JSON.stringify(round satisfies WebhookRound))
}, durationMs)
