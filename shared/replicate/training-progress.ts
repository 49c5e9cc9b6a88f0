/**
 * How far a training has come, from 0 to 1, by the newest progress bar in its logs (`flux_train_replicate: 45%|…|
 * 450/1000 […`); null where there is none. Other bars (downloads, latents) come before and are not meant.
 */
export function readTrainingProgress(logsTail: string | null): number | null {
  const bars = [...(logsTail ?? '').matchAll(/_train_\w*: +\d+%\|[^|]*\| (\d{1,9})\/(\d{1,9})/g)]
  const [, done, all] = bars.at(-1) ?? []
  const share = Number(done) / Number(all)
  return share >= 0 && share <= 1 ? share : null
}
