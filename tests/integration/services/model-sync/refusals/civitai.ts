import type { FileSpec, ModelSpec, VersionSpec } from '#local/civitai/catalogue.ts'
import type { SyncWorld } from '../../../../support/sync-world.ts'
import type { RefusedModel } from '../refused-models.ts'

/** A model of one version at CivitAI, and what a document says of it. */
function add(world: SyncWorld, version: VersionSpec = {}, model: ModelSpec = {}) {
  const added = world.civitai.addModel({ ...model, versions: [version] })
  return { civitaiModelId: String(added.id), versionId: String(added.versions[0]!.id) }
}

const ofVersion = (title: string, code: string, version: VersionSpec): RefusedModel => ({
  title,
  code,
  add: (world) => add(world, version),
})
const ofFile = (title: string, code: string, file: FileSpec): RefusedModel => ofVersion(title, code, { files: [file] })

/** Until when the one that people may buy now is held back from all others. */
const earlyAccessUntil = new Date(Date.now() + 3_600_000)

/** Whatever CivitAI refuses an account with a good token. */
export const civitaiRefusals: RefusedModel[] = [
  { title: 'no such version', code: 'civitai.not-found', add: () => ({ civitaiModelId: '999', versionId: '998' }) },
  { title: 'no such model', code: 'civitai.not-found', add: () => ({ civitaiModelId: '999' }) },
  { title: 'an id that is none', code: 'civitai.bad-id', add: () => ({ civitaiModelId: 'my-model' }) },
  ofVersion('a draft', 'civitai.not-found', { status: 'Draft' }),
  { title: 'archived', code: 'civitai.archived', add: (world) => add(world, {}, { mode: 'Archived' }) },
  {
    title: 'archived, no version named',
    code: 'civitai.archived',
    add: (world) => ({ civitaiModelId: add(world, {}, { mode: 'Archived' }).civitaiModelId }),
  },
  { title: 'taken down', code: 'civitai.taken-down', add: (world) => add(world, {}, { mode: 'TakenDown' }) },
  { title: 'of a real person', code: 'civitai.not-found', add: (world) => add(world, {}, { poi: true }) },
  ofVersion('for use on the site only', 'civitai.usage-control', { usageControl: 'Generation' }),
  {
    ...ofVersion('early access until a day', 'civitai.early-access', { earlyAccess: earlyAccessUntil }),
    retryAt: earlyAccessUntil,
    says: new RegExp(earlyAccessUntil.toISOString()),
  },
  ofVersion('for sale for good', 'civitai.early-access', { earlyAccess: 'permanent' }),
  ofVersion('private', 'civitai.no-access', { isPrivate: true }),
  ofVersion('no files', 'civitai.no-weights', { files: [] }),
  ofFile('training data only', 'civitai.no-weights', { type: 'Training Data', format: 'Other' }),
  ofFile('a virus', 'civitai.infected', { virusScan: 'Danger' }),
  ofFile('code in it', 'civitai.scan-danger', { pickleScan: 'Danger' }),
  ofFile('a scan that failed', 'civitai.scan-failed', { virusScan: 'Error' }),
  {
    title: 'a version of another model',
    code: 'civitai.wrong-version',
    add: (world) => ({ ...add(world), civitaiModelId: add(world).civitaiModelId }),
  },
  {
    title: 'a file that the version does not have',
    code: 'civitai.no-such-file',
    add: (world) => ({ ...add(world), civitaiFileId: '12' }),
  },
]
