import { locateCivitaiFile } from '#shared/civitai/locate-file.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { locateHuggingFaceFile } from '#shared/huggingface/locate-file.ts'
import type { LocateFile, SourceFile } from '#shared/transfer/source-file.ts'
import { locateDirectUrl } from './direct-url.ts'
import type { SourceClients } from './resolve-model.ts'
import { locateUpload } from './upload.ts'

/** How to find a file's bytes, whichever source it is of. */
export function locateFile(clients: SourceClients, file: SourceFile): LocateFile {
  const { locator } = file
  switch (locator.source) {
    case 'civitai':
      return locateCivitaiFile(clients.civitai, locator)
    case 'huggingface':
      return locateHuggingFaceFile(clients.huggingface, locator, file)
    case 'url':
      return locateDirectUrl(locator.url)
    case 'upload':
      return locateUpload(clients.uploads, locator)
    default:
      return locator satisfies never
  }
}

/** Who fetches a file: our own bucket may have a private address, at which what people and hubs name must not be. */
export function fetchClient(clients: SourceClients, { locator }: SourceFile): HttpClient {
  return locator.source === 'upload' ? clients.uploads.http : clients.web
}
