export interface PostRequest {
  path: string
  headers: Record<string, string>
  body: string | Buffer
}

/** A POST as it goes over the wire: what is measured should not wait for an HTTP client's own work. */
export function requestBytes({ path, headers, body }: PostRequest, port: number): Buffer {
  const all = { host: `127.0.0.1:${port}`, ...headers, 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body)])
}
