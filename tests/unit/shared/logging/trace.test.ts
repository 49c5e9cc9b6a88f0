import { traceFields } from '#shared/logging/trace.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

test('reads a W3C traceparent', () => {
  expect(traceFields({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }, 'demo')).toEqual({
    'logging.googleapis.com/trace': `projects/demo/traces/${TRACE}`,
    'logging.googleapis.com/spanId': '00f067aa0ba902b7',
    'logging.googleapis.com/trace_sampled': true,
  })
})

test("reads Google's older header, whose span id is decimal", () => {
  expect(traceFields({ 'x-cloud-trace-context': `${TRACE}/74;o=1` }, 'demo')).toEqual({
    'logging.googleapis.com/trace': `projects/demo/traces/${TRACE}`,
    'logging.googleapis.com/spanId': '000000000000004a',
    'logging.googleapis.com/trace_sampled': true,
  })
  expect(traceFields({ 'x-cloud-trace-context': TRACE }, 'demo')).toEqual({
    'logging.googleapis.com/trace': `projects/demo/traces/${TRACE}`,
    'logging.googleapis.com/trace_sampled': false,
  })
})

test.each([
  {},
  { traceparent: 'nonsense' },
  { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
  { traceparent: `ff-${TRACE}-00f067aa0ba902b7-01` },
  { 'x-cloud-trace-context': 'abc/1;o=1' },
])('gives no fields for %o', (headers) => {
  expect(traceFields(headers, 'demo')).toEqual({})
})

test('prefers the standard header where both are sent', () => {
  const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-00`, 'x-cloud-trace-context': `${'a'.repeat(32)}/1;o=1` }
  expect(traceFields(headers, 'demo')['logging.googleapis.com/trace_sampled']).toBe(false)
})
