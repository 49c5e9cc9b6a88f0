import { setTimeout as delay } from 'node:timers/promises'

/** Asks until it is so; the test's own timeout is the limit. */
export async function until(isSo: () => Promise<boolean>, everyMs = 20): Promise<void> {
  while (!(await isSo())) await delay(everyMs)
}
