import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface SpawnedServer {
  url: string
  /** The most memory that the process has had so far. */
  peakBytes(): Promise<number>
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>
}

/** Starts a bucket server with its own process and waits until it listens. */
export async function spawnServer(dataDir: string, durability: 'fsync' | 'process'): Promise<SpawnedServer> {
  const script = fileURLToPath(new URL('./server-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, dataDir, durability], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const { url } = await answer<{ url: string }>(child)
  return {
    url,
    async peakBytes() {
      child.send('weigh')
      return (await answer<{ peakBytes: number }>(child)).peakBytes
    },
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`The server ended with ${code}.`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as T)
    })
  })
}
