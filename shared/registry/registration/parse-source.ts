import { parseCivitaiReference } from '../../civitai/reference.ts'
import { SITE_HOST } from '../../civitai/site-hosts.ts'
import { FinalError } from '../../errors/app-error.ts'
import { parseHuggingFaceReference } from '../../huggingface/reference.ts'
import type { NewModelSource } from '../model/new-model.ts'

/** Where the hubs are: a stand-in's addresses are pasted too. */
export interface HubAddresses {
  CIVITAI_BASE_URL: string
  HF_BASE_URL: string
}

/** Whatever may be meant by a text; an upload is no text. */
export type TypedSource = Exclude<NewModelSource, { kind: 'upload' }>

/**
 * Reads what people give to register: `civitai:123@456+7`, `urn:air:…`, `hf:owner/name@revision:file`, a page of either hub, or
 * an address of a file. Throws `civitai.bad-reference`, `huggingface.bad-reference`, `registry.bad-source`.
 */
export function parseSource(text: string, hubs: HubAddresses): TypedSource {
  const given = text.trim()
  if (/^(?:civitai|urn:air|air):/i.test(given)) return civitai(given, hubs)
  if (/^(?:hf|huggingface):/i.test(given)) return huggingFace(given, hubs)
  const url = URL.parse(given)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw badSource()
  if (SITE_HOST.test(url.hostname) || url.origin === new URL(hubs.CIVITAI_BASE_URL).origin) return civitai(given, hubs)
  if (HUB_HOST.test(url.hostname) || url.origin === new URL(hubs.HF_BASE_URL).origin) return huggingFace(given, hubs)
  return { kind: 'url', url: url.href, sha256: null }
}

const HUB_HOST = /^(?:(?:www\.)?huggingface\.co|hf\.co)$/

function civitai(text: string, hubs: HubAddresses): TypedSource {
  const { choice, ...reference } = parseCivitaiReference(text, { baseUrl: hubs.CIVITAI_BASE_URL })
  // Which file it means today may be another tomorrow; its id stays.
  if (Object.keys(choice).length > 0 && reference.fileId === null) {
    const message = 'The address chooses a file by what it is like; name it by its id, as civitai:MODEL@VERSION+FILE.'
    throw new FinalError({ code: 'registry.bad-source', message })
  }
  return { kind: 'civitai', reference }
}

function huggingFace(text: string, hubs: HubAddresses): TypedSource {
  const reference = parseHuggingFaceReference(text, hubs.HF_BASE_URL)
  return { kind: 'huggingface', reference, allowPatterns: [], ignorePatterns: [] }
}

function badSource(): FinalError {
  const message = 'Give civitai:123@456, hf:owner/name, a page of either, or the address of a file.'
  return new FinalError({ code: 'registry.bad-source', message })
}
