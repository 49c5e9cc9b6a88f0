// Run as a process of its own: sends the ignored event over kept-alive connections, one request at a time on each, and
// prints how many answers came in a second. Arguments: port, connections, milliseconds.
import { connect } from 'node:net'
import { requestBytes } from '../http-bytes.ts'
import { ignoredEvent } from '../worker-environment.ts'

const [port = 0, connections = 0, durationMs = 0] = process.argv.slice(2).map(Number)
const bytes = requestBytes(ignoredEvent, port)
let answers = 0
let isOver = false

function keepAsking(): void {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes)).setNoDelay()
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
    // A 204 has no body: the blank line is its end.
    if (!answer.endsWith('\r\n\r\n')) return
    if (!answer.startsWith('HTTP/1.1 204 ')) throw new Error(`An event was answered with ${answer.slice(0, 40)}`)
    answers += 1
    answer = ''
    if (isOver) socket.destroy()
    else socket.write(bytes)
  })
}

const began = performance.now()
for (let opened = 0; opened < connections; opened++) keepAsking()
setTimeout(() => {
  isOver = true
  console.log((answers * 1000) / (performance.now() - began))
}, durationMs)
