import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An app behind a real server on loopback. */
export interface ServedApp {
  url: string
  close(): Promise<void>
}

export async function serveApp(app: RequestListener): Promise<ServedApp> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
