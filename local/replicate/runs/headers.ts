import { Refusal } from '../refusal.ts'

/** Seconds that a creation is held (`Prefer: wait`, `wait=n`; 1 to 60; contract §3); null without it. */
export function heldSeconds(prefer: string | undefined): number | null {
  if (prefer === undefined) return null
  const match = /^wait(?:=(\d+))?$/.exec(prefer.trim())
  const seconds = Number(match?.[1] ?? 60)
  if (match === null || seconds < 1 || seconds > 60)
    throw new Refusal(422, 'Prefer must be wait or wait=n, n from 1 to 60')
  return seconds
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of `Cancel-After: 90s` (5 s to 24 h); null without it. */
export function cancelAfterMs(value: string | undefined): number | null {
  if (value === undefined) return null
  const match = /^(\d+)([smh]?)$/.exec(value.trim())
  const ms = Number(match?.[1] ?? 0) * (UNIT_MS[match?.[2] || 's'] ?? 0)
  if (match === null || ms < 5_000 || ms > 24 * 3_600_000) throw new Refusal(422, 'Cancel-After must be from 5s to 24h')
  return ms
}
