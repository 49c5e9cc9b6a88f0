import { FinalError } from '../errors/app-error.ts'
import type { CivitaiVersion } from './version.ts'

/** Refuses a model that was archived or taken down: its versions keep no files (contract §3). */
export function refuseMode(mode: string | null, subject: string): void {
  if (mode === 'Archived') {
    const message = `CivitAI's ${subject} is archived and can no longer be loaded.`
    throw new FinalError({ code: 'civitai.archived', message })
  }
  if (mode === 'TakenDown') {
    const message = `CivitAI's ${subject} was taken down and can no longer be loaded.`
    throw new FinalError({ code: 'civitai.taken-down', message })
  }
}

/** Refuses what the answer itself says can't be loaded by anybody. Early access can: by whoever has bought it. */
export function checkUsable(version: CivitaiVersion): void {
  refuseMode(version.model?.mode ?? null, `model version ${version.id}`)
  const { usageControl } = version
  if (usageControl === null || usageControl === 'Download') return
  const message = `The creator of CivitAI's model version ${version.id} allows its use on CivitAI only, not its download.`
  throw new FinalError({ code: 'civitai.usage-control', message, facts: { usageControl } })
}
