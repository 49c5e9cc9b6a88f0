import { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import { createStorage } from '#shared/objects/storage.ts'
import { localProject } from '../cloud.ts'

export interface AppClients {
  firestore: Firestore
  storage: Storage
  close(): Promise<void>
}

/** The official clients, pointed at the local cloud the way an app is: by Google's own environment variables. */
export function openClients(servers: { documentsHost: string; bucketUrl: string }): AppClients {
  // Read by the clients when they are made; a process of the local cloud has no other project to talk to.
  process.env.FIRESTORE_EMULATOR_HOST = servers.documentsHost
  process.env.STORAGE_EMULATOR_HOST = servers.bucketUrl
  process.env.METADATA_SERVER_DETECTION = 'none'
  const firestore = new Firestore({ projectId: localProject })
  const storage = createStorage({ projectId: localProject })
  return { firestore, storage, close: () => firestore.terminate() }
}
