import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A program of the bench that serves this one, each in a process of its own. */
export interface Child<Order, Reply> {
  /** What it said when it was ready. */
  ready: Reply
  ask(order: Order): Promise<Reply>
  stop(): Promise<void>
}

/** Starts `program` beside this file. It answers each order with one message, and first says that it is ready. */
export async function startChild<Order extends object, Reply>(
  program: string,
  args: readonly string[] = [],
): Promise<Child<Order, Reply>> {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const child = fork(file, args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const next = () => nextMessage<Reply>(child, program)
  return {
    ready: await next(),
    async ask(order) {
      const answer = next()
      child.send(order)
      return await answer
    },
    async stop() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

async function nextMessage<Reply>(child: ChildProcess, program: string): Promise<Reply> {
  const over = new AbortController()
  try {
    const message = once(child, 'message', over)
    const end = once(child, 'exit', over).then(([code]) => {
      throw new Error(`${program} ended with ${code}.`)
    })
    // Both programs send what their types say, and nothing else.
    const [reply] = (await Promise.race([message, end])) as [Reply]
    return reply
  } finally {
    over.abort()
  }
}
