import { endpoint } from '../http/endpoint.ts'
import { cachedFileAnswerSchema, fileIdParams } from './cache-schemas.ts'

export const pinCachedFile = pinning({
  id: 'pinCachedFile',
  word: 'pin',
  summary: 'Keep a file of the cache, whatever room is needed',
  pinned: true,
})

export const unpinCachedFile = pinning({
  id: 'unpinCachedFile',
  word: 'unpin',
  summary: 'Let a file of the cache go again when room is needed',
  pinned: false,
})

function pinning({ word, pinned, ...named }: { id: string; word: string; summary: string; pinned: boolean }) {
  return endpoint({
    ...named,
    method: 'post',
    path: `/api/cache/files/{id}/${word}`,
    tag: 'Cache',
    operatorsOnly: true,
    params: fileIdParams,
    answers: { 200: { description: 'The file as it is now.', schema: cachedFileAnswerSchema } },
    errors: [404],
  }).handledBy(async ({ params, context }) => {
    const { pinCachedFile: pin } = await import('../requests/cache/pin-cached-file.ts')
    return { status: 200, body: { file: await pin(context, { fileId: params.id, pinned }) } }
  })
}
