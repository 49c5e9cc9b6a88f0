import { AppError, FinalError } from '../errors/app-error.ts'
import type { FileLocator, LocateFile } from '../transfer/source-file.ts'
import { checkUsable } from './check-usable.ts'
import type { CivitaiClient } from './client.ts'

/** Finds where a file of CivitAI lies. The place is another origin with a signed URL, and must not see the token (contract §5). */
export function locateCivitaiFile(
  client: CivitaiClient,
  { modelVersionId, fileId }: Extract<FileLocator, { source: 'civitai' }>,
): LocateFile {
  return async (signal) => {
    try {
      const url = await client.downloadLocation({ versionId: modelVersionId, fileId }, signal)
      return { url: url.href, headers: {}, sizeBytes: null, sha256: null }
    } catch (error) {
      if (error instanceof AppError && error.code === 'civitai.file-not-found') {
        await explainMissing(client, { modelVersionId, fileId }, signal)
      }
      throw error
    }
  }
}

/**
 * The download endpoint says the same of a file that is gone and of a storage that stumbles (contract §5). The version's own
 * answer knows the difference; where it still lists the file, the first refusal stands, and may pass.
 */
async function explainMissing(
  client: CivitaiClient,
  { modelVersionId, fileId }: { modelVersionId: string; fileId: string | null },
  signal: AbortSignal,
): Promise<void> {
  const version = await client.version(modelVersionId, signal)
  checkUsable(version)
  const isPublished = version.status === null || version.status === 'Published'
  const isListed = fileId === null || version.files.some(({ id }) => id === fileId)
  if (isPublished && isListed && version.model?.showsRealPerson !== true) return
  const message = `CivitAI no longer gives file ${fileId ?? '(the main one)'} of model version ${modelVersionId}; sync again to take what it has now.`
  throw new FinalError({ code: 'civitai.not-found', message, facts: { status: version.status } })
}
