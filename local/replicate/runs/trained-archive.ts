import { hostileEntries } from '../archives/hostile-archive.ts'
import { loraWeights } from '../archives/lora-weights.ts'
import { type TarEntry, tarOf } from '../archives/tar.ts'
import type { ReplicateFault } from '../faults.ts'

const FOLDER = 'output/flux_train_replicate'

/**
 * `trained_model.tar` as the flux trainer leaves it (contract §4), or as a fault wants it. The same seed makes the same
 * bytes.
 */
export function trainedArchive(
  input: Readonly<Record<string, unknown>>,
  { seed, fault }: { seed: string; fault: ReplicateFault | null },
): Buffer {
  const whole = loraWeights({ rank: Number(input.lora_rank), seed })
  const weights = fault?.kind === 'truncated-weights' ? whole.subarray(0, whole.byteLength >> 1) : whole
  const trigger = String(input.trigger_word)
  const config = `job: extension\nconfig:\n  name: flux_train_replicate\n  trigger_word: ${trigger}\n  steps: ${input.steps}\n`
  const entries: readonly TarEntry[] = [
    { name: `${FOLDER}/lora.safetensors`, bytes: weights },
    { name: `${FOLDER}/captions/photo-1.txt`, bytes: Buffer.from(`a photo of ${trigger}`) },
    { name: `${FOLDER}/config.yaml`, bytes: Buffer.from(config) },
  ]
  const archived = fault?.kind === 'hostile-archive' ? hostileEntries(fault.how, entries) : entries
  return archived === null ? weights : tarOf(archived)
}
