import * as z from 'zod'
import { callHubForJson, type HubOptions } from './call-hub.ts'
import { resolveTarget } from './repo-path.ts'
import type { TreePlace } from './tree.ts'

const indexSchema = z.record(z.string(), z.unknown())
/** Real ones have less than a kilobyte. */
const MAX_INDEX_BYTES = 1024 * 1024

/**
 * The component folders that a pipeline's `model_index.json` names: `{"unet": ["diffusers", "UNet2DConditionModel"], …}`;
 * `[null, null]` is one that the pipeline goes without. Throws `huggingface.gated` where the files of the repo are barred.
 */
export async function readPipelineIndex(
  options: HubOptions,
  place: TreePlace,
  params: { path: string; signal?: AbortSignal | undefined },
): Promise<string[]> {
  const { repo, commit } = place
  const { path, signal } = params
  const target = resolveTarget({ repo, commit, path })
  const call = {
    target,
    subject: { repo, revision: commit, path },
    signal,
    accept: '*/*',
    maxBodyBytes: MAX_INDEX_BYTES,
  }
  const index = await callHubForJson(options, call, indexSchema)
  return Object.entries(index)
    .filter(([name, value]) => !name.startsWith('_') && isComponent(value))
    .map(([name]) => name)
}

/** A library and a class in it. */
function isComponent(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => part !== null)
}
