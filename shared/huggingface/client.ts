import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { FileLocation } from '../transfer/source-file.ts'
import { type HubLocator, type Listed, locateFile } from './locate-file.ts'
import { getModel, type HubModel } from './model.ts'
import { readPipelineIndex } from './pipeline-index.ts'
import { getPaths, listTree, type TreeEntry, type TreePlace } from './tree.ts'

interface Abortable {
  signal?: AbortSignal | undefined
}

/**
 * The Hugging Face Hub's HTTP API as far as we use it. Nothing is repeated here, and everything throws typed `huggingface.…`
 * AppErrors or the signal's reason.
 */
export interface HuggingFaceClient {
  /** A repo's facts, its revision pinned to a commit. One request. */
  getModel(params: { repo: string; revision: string | null } & Abortable): Promise<HubModel>
  /** Everything below a folder, or in the whole repo: a request for each thousand entries. */
  listTree(place: TreePlace, params: { folder: string | null } & Abortable): Promise<TreeEntry[]>
  /** The entries of the paths that exist. One request. */
  getPaths(place: TreePlace, params: { paths: readonly string[] } & Abortable): Promise<TreeEntry[]>
  /** The component folders of a diffusers pipeline. */
  readPipelineIndex(place: TreePlace, params: { path: string } & Abortable): Promise<string[]>
  /** Where a file's bytes are now: for minutes to an hour. One request of the Hub's `resolvers` bucket. */
  locateFile(locator: HubLocator, params?: { listed?: Listed | undefined } & Abortable): Promise<FileLocation>
}

/**
 * Our own client: the official one shows neither X-Error-Code nor RateLimit, follows `Link` with the token to any host, and
 * downloads into memory or onto a disk (contract §8).
 */
export function createHuggingFaceClient(options: ApiClientOptions): HuggingFaceClient {
  return {
    getModel: async (params) => await getModel(options, params),
    listTree: async (place, params) => await listTree(options, place, params),
    getPaths: async (place, params) => await getPaths(options, place, params),
    readPipelineIndex: async (place, params) => await readPipelineIndex(options, place, params),
    locateFile: async (locator, params) => await locateFile(options, locator, params),
  }
}
