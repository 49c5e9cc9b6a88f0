/** A refusal as the service writes it: a status and JSON, mostly `{error}` (contract §7). */
export class Refusal extends Error {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(String(body.error))
    this.name = 'Refusal'
    this.status = status
    this.body = body
  }
}

/** A refusal by the edge before the service sees the request: HTML. */
export class PageRefusal extends Error {
  readonly status: number

  constructor(status: number, title: string) {
    super(title)
    this.name = 'PageRefusal'
    this.status = status
  }
}
