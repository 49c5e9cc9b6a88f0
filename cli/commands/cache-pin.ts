import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { shortId } from '../cache/cache-text.ts'
import { fileUsage } from '../cache/file-usage.ts'
import { type Command, parseCall } from '../command.ts'

export const cachePin = pinning({
  word: 'pin',
  summary: 'keep files whatever room is needed',
  about: 'Keeps files of the models bucket whatever room is needed, until they are unpinned.',
})

export const cacheUnpin = pinning({
  word: 'unpin',
  summary: 'let pinned files go again when room is needed',
  about: 'Lets files of the models bucket go again when room is needed.',
})

function pinning({ word, summary, about }: { word: 'pin' | 'unpin'; summary: string; about: string }): Command {
  const usage = `forge cache ${word} FILE…

${about}
${fileUsage}

${apiUsage}
`
  return {
    words: ['cache', word],
    synopsis: `cache ${word} FILE…`,
    summary,
    usage,
    options: apiOptions,
    examples: [`forge cache ${word} 6ce0161689b3`, `forge cache ${word} civitai-4384-v128713`],
    async run(args, { output, signal }) {
      const { values, positionals } = parseCall(args, apiOptions, usage)
      return await withApi(values, usage, async (api) => {
        const [{ findFiles }, { fileAnswer }] = await Promise.all([
          import('../cache/find-file.ts'),
          import('../cache/records.ts'),
        ])
        for (const { file_id } of await findFiles(api, { texts: positionals, usage, signal })) {
          const { file } = await api.post(`/api/cache/files/${file_id}/${word}`, {}, fileAnswer, signal)
          const said = file.pinned ? 'pinned' : 'not pinned'
          output.result({ type: 'cached-file', ...file }, `${shortId(file_id)}  ${said}  ${file.uri}`)
        }
        return true
      })
    },
  }
}
