import { MODEL_TYPES } from '#shared/registry/model/model-types.ts'
import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'
import { isLocalFile } from '../files/local-file.ts'

const usage = `forge models add SOURCE [options]

Registers a model. SOURCE is civitai:123@456 (model@version), hf:owner/name[@revision][:file], the
address of a page of either, an https address of a file, or a file of this machine. The same source
again is the same model.

A file is hashed and sent, unless its bytes are there already, and copied into the models bucket;
interrupted by Ctrl-C, the same call goes on where it had stopped.

  --name NAME        how the app shows it (else as its source does)
  --type TYPE        base_model, lora, vae, … (else as its source says)
  --sync             copies it into the models bucket at once, and follows that
  --no-watch         with --sync: only asks
  --timeout SECONDS  how long to watch (default 21600)
  --system           for everybody; operators only
${apiUsage}
`

const options = {
  ...apiOptions,
  name: { type: 'string' },
  type: { type: 'string' },
  sync: { type: 'boolean', default: false },
  'no-watch': { type: 'boolean', default: false },
  timeout: { type: 'string', default: '21600' },
  system: { type: 'boolean', default: false },
} as const

export const modelsAdd: Command = {
  words: ['models', 'add'],
  synopsis: 'models add SOURCE',
  summary: 'register a model of a hub, an address or a file',
  usage,
  options,
  choices: { type: MODEL_TYPES },
  examples: [
    'forge models add civitai:4384@128713 --sync',
    'forge models add hf:ann/tiny@main:tiny.safetensors --type lora',
    'forge models add https://example.com/rain.safetensors --name Rain --type lora',
    'forge models add ./portrait.safetensors --name Portrait --type lora',
  ],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, usage)
    const [source, ...rest] = positionals
    if (!source?.trim() || rest.length > 0) throw new UsageError('Name one source.', usage)
    const type = MODEL_TYPES.find((known) => known === values.type) ?? null
    if (values.type !== undefined && type === null) {
      throw new UsageError(`--type takes ${MODEL_TYPES.join(', ')}; not "${values.type}".`, usage)
    }
    const wish = {
      name: values.name?.trim() || null,
      type,
      isForSystem: values.system,
      sync: values.sync,
      watch: !values['no-watch'],
      timeoutMs: 1000 * wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }),
    }
    const isFile = await isLocalFile(source)
    return await withApi(values, usage, async (api) => {
      if (isFile) {
        const { addFile } = await import('../models/add-file.ts')
        return await addFile(api, { ...wish, path: source, env: process.env }, context)
      }
      const { addSource } = await import('../models/add-source.ts')
      return await addSource(api, { ...wish, source, label: source }, context)
    })
  },
}
