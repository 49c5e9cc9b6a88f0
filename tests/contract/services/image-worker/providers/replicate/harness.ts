import { setTimeout as delay } from 'node:timers/promises'
import { createClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import {
  type ReplicateStandIn,
  type ReplicateOptions as StandInOptions,
  startReplicate,
} from '#local/replicate/server.ts'
import { createHttpClient } from '#shared/http/client.ts'
import type { HttpTimeouts } from '#shared/http/lifeline.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import type { BackgroundProvider, UpscaleProvider } from '../../../../../../services/image-worker/providers/provider.ts'
import {
  type ModelSettings,
  modelSettings,
} from '../../../../../../services/image-worker/providers/replicate/model-settings.ts'
import { createReplicateBackgroundProvider } from '../../../../../../services/image-worker/providers/replicate/replicate-background-provider.ts'
import { createReplicateUpscaleProvider } from '../../../../../../services/image-worker/providers/replicate/replicate-upscale-provider.ts'

export interface Harness {
  standIn: ReplicateStandIn
  background: BackgroundProvider
  upscaler: UpscaleProvider
  /** What the providers have slept, in their own time. */
  sleptMs: readonly number[]
  close(): Promise<void>
}

/** The time at which every test begins. */
export const START_MS = Date.parse('2026-05-01T12:00:00Z')

/** Waiting passes this much faster at the stand-in: a call that is held for a second is held for a millisecond. */
const SCALE = 1000

export const models = {
  background: modelSettings({
    step: 'BACKGROUND',
    model: '851-labs/background-remover:a029dff38972b5fda4ec5d75d7d1cd25aeff621d2cf4946a41055d7db66b80bc',
    input: null,
    output: null,
    maxPixels: 4_000_000,
  }),
  upscale: modelSettings({
    step: 'UPSCALE',
    model: 'nightmareai/real-esrgan:42fed1c4974146d4d2414e2be2c5277c7fcf05fcc3a73abf41610695738c1d7b',
    input: null,
    output: null,
    maxPixels: 2_000_000,
  }),
}

/**
 * Both providers before a stand-in of their own. Runs take 20 ms unless told otherwise; the providers hold their calls for ten
 * of that, so each of them is also polled, and their sleeps pass in a time of their own.
 */
export async function startHarness(
  options: {
    background?: ModelSettings
    upscale?: ModelSettings
    apiToken?: () => string | Promise<string>
    timeouts?: Partial<HttpTimeouts>
    waitSeconds?: number
    deadlineMs?: number
  } = {},
  standInOptions: StandInOptions = {},
): Promise<Harness> {
  const standIn = await startReplicate({
    runsPerMinute: null,
    clock: createClock(SCALE),
    queueMs: 5_000,
    runMs: 15_000,
    ...standInOptions,
  })
  const http = createHttpClient()
  const sleptMs: number[] = []
  let nowMs = START_MS
  const time = {
    now: () => nowMs,
    random: () => 0.5,
    async sleep(ms: number, signal?: AbortSignal) {
      sleptMs.push(ms)
      nowMs += ms
      await delay(2, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
    },
  }
  const client = createReplicateClient({
    http,
    baseUrl: `${standIn.url}/v1`,
    apiToken: options.apiToken ?? (() => LOCAL_REPLICATE_TOKEN),
    ...(options.timeouts ? { timeouts: options.timeouts } : {}),
    now: time.now,
    random: time.random,
  })
  const common = {
    client,
    ...time,
    waitSeconds: options.waitSeconds ?? 10,
    // Seconds of real time at the stand-in: a busy machine must not run into it.
    deadlineMs: options.deadlineMs ?? 10_000_000,
  }
  return {
    standIn,
    sleptMs,
    background: createReplicateBackgroundProvider({ ...common, model: options.background ?? models.background }),
    upscaler: createReplicateUpscaleProvider({ ...common, model: options.upscale ?? models.upscale }),
    async close() {
      http.close()
      await standIn.close()
    },
  }
}

/** How often each endpoint was asked. */
export function asked(standIn: ReplicateStandIn): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { endpoint } of standIn.requests) counts[endpoint] = (counts[endpoint] ?? 0) + 1
  return counts
}
