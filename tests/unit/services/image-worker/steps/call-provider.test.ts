import { TransientError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import type { ImageInput } from '../../../../../services/image-worker/image-input.ts'
import type { ProviderAnswer } from '../../../../../services/image-worker/providers/provider.ts'
import { callProvider, type ProviderChoice } from '../../../../../services/image-worker/steps/call-provider.ts'

const nowMs = Date.parse('2026-05-01T12:00:00Z')
const minuteMs = 60_000

/** A run that has not failed yet, as far as a step without paid calls sees it. */
const run = {
  id: 'job-1',
  signal: new AbortController().signal,
  logger: silentLogger,
  failures: 0,
  lostCalls: () => 0,
} as unknown as JobRun<ImageInput>

function refusing(name: string, waitMs: number | null): ProviderChoice {
  const retryAt = waitMs === null ? null : new Date(nowMs + waitMs)
  const error = new TransientError({ code: `${name}.rate-limited`, message: 'Not now.', retryAt })
  return { name, paid: false, call: () => Promise.reject(error) }
}

const willing: ProviderChoice = {
  name: 'willing',
  paid: false,
  call: async () => ({ image: { width: 1, height: 1 } }) as ProviderAnswer,
}

const call = (...choices: ProviderChoice[]) => callProvider(run, 'upscale', choices, () => nowMs)

test.each([null, 0, minuteMs, 10 * minuteMs])('a provider that wants %s ms is waited for', async (waitMs) => {
  await expect(call(refusing('first', waitMs), willing)).rejects.toMatchObject({ code: 'first.rate-limited' })
})

test('one that wants to be left alone for longer is passed over at once', async () => {
  expect(await call(refusing('first', 10 * minuteMs + 1), willing)).toMatchObject({ by: 'willing' })
})

test('where nobody else is left it is waited for as long as it says', async () => {
  const last = refusing('last', 6 * 60 * minuteMs)
  await expect(call(refusing('first', 60 * minuteMs), last)).rejects.toMatchObject({
    code: 'last.rate-limited',
    retryAt: new Date(nowMs + 6 * 60 * minuteMs),
  })
})
