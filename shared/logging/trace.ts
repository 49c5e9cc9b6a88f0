import type { LogFields } from './logger.ts'

/** The request headers that carry a trace. */
export interface TraceHeaders {
  traceparent?: string | undefined
  'x-cloud-trace-context'?: string | undefined
}

/** W3C Trace Context §3.2: version-traceid-parentid-flags; the ids are not all zeros. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
/** Google's older form: TRACE_ID/SPAN_ID;o=OPTIONS, the span id decimal. */
const CLOUD_TRACE = /^([0-9a-fA-F]{32})(?:\/(\d{1,20}))?(?:;o=(\d+))?/

/** The fields by which Cloud Logging groups lines under the request's trace; none without a readable trace header. */
export function traceFields(headers: TraceHeaders, projectId: string): LogFields {
  const w3c = TRACEPARENT.exec(headers.traceparent ?? '')
  if (w3c !== null) {
    const [, traceId = '', spanId = '', flags = '00'] = w3c
    return fields({ projectId, traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 })
  }
  const google = CLOUD_TRACE.exec(headers['x-cloud-trace-context'] ?? '')
  if (google === null) return {}
  const [, traceId = '', span, options] = google
  const spanId = span === undefined ? null : BigInt(span).toString(16).padStart(16, '0')
  return fields({ projectId, traceId: traceId.toLowerCase(), spanId, isSampled: options === '1' })
}

function fields(trace: { projectId: string; traceId: string; spanId: string | null; isSampled: boolean }): LogFields {
  return {
    'logging.googleapis.com/trace': `projects/${trace.projectId}/traces/${trace.traceId}`,
    ...(trace.spanId === null ? {} : { 'logging.googleapis.com/spanId': trace.spanId }),
    'logging.googleapis.com/trace_sampled': trace.isSampled,
  }
}
