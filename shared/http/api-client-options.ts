import type { HttpClient } from './client.ts'
import type { HttpTimeouts } from './lifeline.ts'

/** What every part of a client for somebody's HTTP API needs. */
export interface ApiClientOptions {
  /** Without retries, as it is. */
  http: HttpClient
  /** The API's own origin, or a stand-in's. The token goes nowhere else, whatever URLs an answer holds. */
  baseUrl: string
  /** Read for each call, so that a rotated token is used at once. Null asks as nobody. */
  token: (() => string | Promise<string>) | null
  /** Over the HTTP client's own for each kind of request. */
  timeouts?: Partial<HttpTimeouts>
  now?: () => number
  random?: () => number
}
