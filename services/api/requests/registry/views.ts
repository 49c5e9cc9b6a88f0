import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import type { SearchNote } from '#shared/registry/search/ask-source.ts'
import type { NoteView, VersionView } from '../../endpoints/registry-schemas.ts'

export function noteView({ source, code, message, isAskedAgain, retryAt }: SearchNote): NoteView {
  return { source, code, message, asked_again: isAskedAgain, retry_at: retryAt?.toISOString() ?? null }
}

export function versionView(
  model: Pick<RegistryModel, 'version' | 'sourceVersionId' | 'createdAt' | 'remoteUrl'>,
): VersionView {
  return {
    version: model.version,
    source_version_id: model.sourceVersionId,
    published_at: model.createdAt?.toISOString() ?? null,
    remote_url: model.remoteUrl,
  }
}
