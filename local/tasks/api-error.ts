const STATUS_CODES = { INVALID_ARGUMENT: 400, NOT_FOUND: 404, ALREADY_EXISTS: 409, INTERNAL: 500 } as const

/** A refusal in the form that Google's REST APIs give. */
export class ApiError extends Error {
  readonly status: keyof typeof STATUS_CODES

  constructor(status: keyof typeof STATUS_CODES, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }

  get httpStatus(): number {
    return STATUS_CODES[this.status]
  }

  toJSON(): Record<string, unknown> {
    return { error: { code: this.httpStatus, message: this.message, status: this.status } }
  }
}
