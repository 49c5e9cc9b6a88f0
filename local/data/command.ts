import { createStorage } from '#shared/objects/storage.ts'
import { defaultServers, localProject } from '../environment.ts'
import { checkLocalServer } from '../local-server.ts'
import { openDocuments } from './document-access.ts'
import { type DataServers, exportData, resetData, seedData } from './seed.ts'

export type DataCommand = { kind: 'reset' } | { kind: 'seed' | 'export'; path: string }

/**
 * `npm run local -- reset | seed | export`, on the servers that FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST name, or
 * else those of `npm run dev`. @throws Error where they are not on this machine or do not run.
 */
export async function runDataCommand(command: DataCommand, env: NodeJS.ProcessEnv): Promise<string> {
  // Without a scheme, as Google's clients want it; some people write one.
  const documentsHost = (env.FIRESTORE_EMULATOR_HOST ?? defaultServers.documentsHost).replace(/^https?:\/\/|\/$/g, '')
  const bucketUrl = env.STORAGE_EMULATOR_HOST ?? defaultServers.bucketUrl
  for (const address of [documentsHost, bucketUrl]) await checkLocalServer(address)
  // Read by the clients when they are made.
  Object.assign(env, { STORAGE_EMULATOR_HOST: bucketUrl, METADATA_SERVER_DETECTION: 'none' })
  const projectId = env.GOOGLE_CLOUD_PROJECT ?? localProject
  const documents = openDocuments(documentsHost, projectId)
  try {
    return await perform(command, projectId, { documents, storage: createStorage({ projectId: localProject }) })
  } finally {
    await documents.close()
  }
}

async function perform(command: DataCommand, projectId: string, servers: DataServers): Promise<string> {
  if (command.kind === 'reset') {
    const { objects } = await resetData(servers)
    return `Removed all documents of ${projectId} and ${objects} objects.`
  }
  const run = command.kind === 'seed' ? seedData : exportData
  const { documents, objects } = await run(servers, command.path)
  const verb = command.kind === 'seed' ? 'Wrote' : 'Saved'
  return `${verb} ${documents} documents and ${objects} objects: ${command.path}`
}
