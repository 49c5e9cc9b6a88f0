/**
 * How tasks are tried again where seconds stand for hours: as often as it takes. The hundred tries of a real queue, which last for
 * days there, would be over before a dead client's locks are, and who woke the job then?
 */
export const taskRetry = { baseMs: 20, maxMs: 100, maxAttempts: Number.MAX_SAFE_INTEGER }
