import * as z from 'zod'
import { FinalError } from '../errors/app-error.ts'
import { startsHtmlPage } from '../formats/sniff-text.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import { jsonOrNull } from '../http/json-or-null.ts'
import { callHub } from './call-hub.ts'
import { resolveTarget } from './repo-path.ts'
import { unavailable } from './translate-error.ts'
import type { TreePlace } from './tree.ts'

const indexSchema = z.record(z.string(), z.unknown())
/** Real ones have less than a kilobyte. */
const MAX_INDEX_BYTES = 1024 * 1024

/**
 * The component folders that a pipeline's `model_index.json` names: `{"unet": ["diffusers", "UNet2DConditionModel"], …}`;
 * `[null, null]` is one that the pipeline goes without. Throws `huggingface.gated` where the files of the repo are barred, and
 * `.bad-index` for a file that no library could read.
 */
export async function readPipelineIndex(
  options: ApiClientOptions,
  place: TreePlace,
  params: { path: string; signal?: AbortSignal | undefined },
): Promise<string[]> {
  const { repo, commit } = place
  const { path, signal } = params
  const target = resolveTarget({ repo, commit, path })
  const subject = { repo, revision: commit, path }
  const call = { target, subject, signal, accept: '*/*', maxBodyBytes: MAX_INDEX_BYTES }
  const bytes = await callHub(options, call, async (response) => await response.bytes())
  if (startsHtmlPage(bytes)) throw unavailable('answers with a page in place of a file')
  const index = indexSchema.safeParse(jsonOrNull(bytes.toString('utf8')))
  if (!index.success) {
    const message = `${path} of ${repo} at Hugging Face is not what a pipeline's index must be; ask its author.`
    throw new FinalError({ code: 'huggingface.bad-index', message, facts: { ...subject } })
  }
  return Object.entries(index.data)
    .filter(([name, value]) => !name.startsWith('_') && isComponent(value))
    .map(([name]) => name)
}

/** A library and a class in it. */
function isComponent(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => part !== null)
}
