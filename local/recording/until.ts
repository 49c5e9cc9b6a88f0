import { sleep } from '#shared/retry/sleep.ts'

const POLL_MS = 50
const TIMEOUT_MS = 20_000

/** Waits until `isSo`. @throws Error after twenty seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT_MS; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error(`It was not so within ${TIMEOUT_MS / 1000} s: ${isSo}`)
    await sleep(POLL_MS)
  }
}
