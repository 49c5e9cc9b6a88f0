import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { types } from 'node:util'
import { retry } from '#shared/retry/retry.ts'
import type { ApiClient } from '../api/api-client.ts'
import { apiOptions, apiUsage, connectToApi } from '../api/connect-to-api.ts'
import { type GeneratedImageRecord, generationAnswer } from '../api/records.ts'
import { type Command, modelIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'
import { followGeneration } from '../training/follow.ts'
import { withinTimeout } from '../within-timeout.ts'

const usage = `forge generate MODEL --prompt TEXT | --template ID [--count N] [--out FOLDER]

Has pictures made with a trained model, and saves them.

  --prompt TEXT      what the pictures show; {trigger} and {type} stand for what the model has learned
  --template ID      one of the prompts that are there: professional-photo, outdoor-portrait
  --count N          how many pictures (default 1)
  --out FOLDER       where they are saved (default: the current one)
  --timeout SECONDS  how long to wait (default 1800)
${apiUsage}
`

const options = {
  ...apiOptions,
  prompt: { type: 'string' },
  template: { type: 'string' },
  count: { type: 'string', default: '1' },
  out: { type: 'string', default: '.' },
  timeout: { type: 'string', default: '1800' },
} as const

export const generate: Command = {
  words: ['generate'],
  synopsis: 'generate MODEL',
  summary: 'have pictures made with a trained model',
  usage,
  options,
  choices: { template: ['professional-photo', 'outdoor-portrait'] },
  examples: [
    'forge generate k3v7q2m5x4wz --prompt "{trigger}, a {type} on the moon" --count 2 --out pictures',
    'forge generate k3v7q2m5x4wz --template professional-photo',
  ],
  async run(args, { output, signal }) {
    const call = parseGenerateCall(args)
    const api = await connectToApi(call.values, usage)
    try {
      await prepareFolder(call.folder)
      const asked = await api.post('/api/generations', call.wish, generationAnswer, signal)
      const { id } = asked.generation
      output.result({ type: 'request', generationId: id }, `${id}  asked for`)
      const generation = await withinTimeout({ subject: id, timeoutMs: call.timeoutMs, signal }, (until) => {
        const onChange = ({ status, images }: { status: string; images: readonly unknown[] }) =>
          output.progress(`${id}  ${status}  ${images.length} of ${call.wish.count}`)
        return followGeneration(api, id, { signal: until, onChange })
      })
      for (const image of generation.images) {
        const path = await save(api, image, { folder: call.folder, name: `${id}-${image.index + 1}`, signal })
        output.result({ type: 'image', generationId: id, path, prompt: image.prompt, url: image.url }, path)
      }
      const { status, error } = generation
      const why = error ? ` (${error.code}): ${error.message}` : ''
      const record = { code: error?.code ?? null, message: error?.message ?? null, images: generation.images.length }
      output.result(
        { type: 'end', generationId: id, state: status, ...record },
        `${id}  ${output.style(status === 'succeeded' ? 'green' : 'red', status)}${why}`,
      )
      return status === 'succeeded'
    } finally {
      api.close()
    }
  },
}

/** Pictures are paid for: a folder that takes none is told before. @throws UsageError */
async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? error.code : 'unknown'
    throw new UsageError(`Nothing can be saved in ${folder} (${code}).`, usage)
  }
}

/** @returns where the picture lies now. */
async function save(
  api: ApiClient,
  image: GeneratedImageRecord,
  to: { folder: string; name: string; signal: AbortSignal },
): Promise<string> {
  const { signal } = to
  const load = async () => (await api.http.request({ url: image.url, signal })).bytes()
  const bytes = await retry(load, { signal })
  const extension = /^image\/(jpeg|png|webp)$/.exec(image.contentType)?.[1]?.replace('jpeg', 'jpg') ?? 'bin'
  const path = join(to.folder, `${to.name}.${extension}`)
  await writeFile(path, bytes)
  return path
}

/** @throws UsageError */
function parseGenerateCall(args: string[]) {
  const { values, positionals } = parseCall(args, options, usage)
  const [model, ...rest] = positionals
  if (model === undefined || rest.length > 0) throw new UsageError('Name one model.', usage)
  const { prompt, template } = values
  if ((prompt === undefined) === (template === undefined)) {
    throw new UsageError('Say --prompt or --template, one of them.', usage)
  }
  return {
    values,
    folder: values.out,
    timeoutMs: wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }) * 1000,
    wish: {
      modelId: modelIdOf(model, usage),
      ...(prompt === undefined ? { template } : { prompt }),
      count: wholeNumber(values.count, { name: 'count', min: 1, max: 100, usage }),
    },
  }
}
