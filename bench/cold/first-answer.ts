import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { freePort } from '#local/service-process.ts'
import { type PostRequest, requestBytes } from '../http-bytes.ts'

export interface ColdStart {
  /** The bundle to start. */
  file: string
  env: Record<string, string>
  /** The one whose answer is waited for. */
  request: PostRequest
}

const giveUpMs = 20_000

/** Milliseconds from spawn to the first byte of the first answer. @throws Error when it is not a 204. */
export async function firstAnswerMs(start: ColdStart): Promise<number> {
  const port = await freePort()
  const bytes = requestBytes(start.request, port)
  const began = performance.now()
  const child = spawn(process.execPath, [start.file], {
    env: { ...start.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const socket = await connectWhenListening(port, began)
    socket.write(bytes)
    const [first] = await once(socket, 'data')
    const tookMs = performance.now() - began
    socket.destroy()
    const status = String(first).slice(9, 12)
    if (status !== '204') throw new Error(`${start.file} answered its first request with ${status}.`)
    return tookMs
  } finally {
    child.kill('SIGTERM')
    await exited
  }
}

/** A bare socket: an HTTP client's own start would count against whoever is measured first. */
async function connectWhenListening(port: number, began: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1').setNoDelay()
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (isOpen) return socket
    if (performance.now() - began > giveUpMs) throw new Error('The process did not listen.')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
