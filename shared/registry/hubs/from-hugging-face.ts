import type { HubListedFile, HubListedModel } from '../../huggingface/listed-model.ts'
import { baseFromHuggingFace } from '../model/base-models.ts'
import { formatFromHuggingFace, isWeightsPath } from '../model/model-formats.ts'
import { typeFromHuggingFace } from '../model/model-types.ts'
import type { Availability, RegistryModel } from '../model/registry-model.ts'
import { safeName, safeWords } from './model-texts.ts'

/** What the Hub itself puts among the tags: facts that are fields of their own here, or nothing to search by. */
const MACHINE_TAG =
  /^(?:base_model|license|region|dataset|diffusers|arxiv|doi|deploy|endpoints_compatible|autotrain_compatible)(?::|$)/

/** A repo of the Hub's list, or its own answer, as a record. */
export function fromHuggingFace(repo: HubListedModel): RegistryModel {
  const base = baseFromHuggingFace({ id: repo.repo, baseModel: repo.baseModel, tags: repo.tags })
  const format = formatFromHuggingFace({ paths: repo.files.map(({ path }) => path), tags: repo.tags })
  const only = format === 'diffusers' ? null : onlyWeights(repo.files)
  return {
    id: `hf:${repo.repo}`,
    source: 'huggingface',
    sourceId: repo.repo,
    name: safeName(repo.repo.split('/').at(-1) ?? '') || repo.repo,
    type: typeFromHuggingFace({ tags: repo.tags, task: repo.task }),
    sourceType: repo.task,
    baseModel: base.family,
    sourceBaseModel: base.said,
    version: repo.commit,
    sourceVersionId: repo.commit,
    format,
    sizeBytes: only?.sizeBytes ?? null,
    sha256: only?.sha256 ?? null,
    triggerWords: safeWords(repo.instancePrompt === null ? [] : [repo.instancePrompt]),
    tags: safeWords(repo.tags.filter((tag) => !MACHINE_TAG.test(tag))),
    task: repo.task,
    library: repo.library,
    // The card's text is a file of its own, and no list has it.
    description: null,
    creator: repo.author,
    downloadCount: repo.downloads,
    likeCount: repo.likes,
    // Likes are no rating.
    rating: null,
    recommendedWeight: null,
    isNsfw: repo.tags.includes('not-for-all-audiences'),
    availability: availabilityOf(repo),
    availableAt: null,
    gcsUri: null,
    remoteUrl: `https://huggingface.co/${repo.repo.split('/').map(encodeURIComponent).join('/')}`,
    createdAt: repo.createdAt,
    updatedAt: repo.updatedAt ?? repo.createdAt,
    registered: null,
  }
}

/** The weights of a repo that has one file of them; several may be parts or variants, which only a sync's choice tells apart. */
function onlyWeights(files: readonly HubListedFile[]): HubListedFile | null {
  const weights = files.filter(({ path }) => isWeightsPath(path))
  return weights.length === 1 ? (weights[0] ?? null) : null
}

function availabilityOf(repo: HubListedModel): Availability {
  if (repo.isDisabled) return 'taken_down'
  if (repo.isPrivate) return 'private'
  if (repo.gated === false) return 'open'
  return repo.gated === 'auto' ? 'gated_auto' : 'gated_manual'
}
