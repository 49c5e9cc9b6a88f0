import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '#shared/logging/logger.ts'
import { anyPorts, type CloudOptions, type LocalCloud, startCloud } from './cloud.ts'

export interface TemporaryCloud {
  cloud: LocalCloud
  /** Room for what else is temporary; removed with the cloud's data. */
  dataDir: string
  close(): Promise<void>
}

/**
 * A local cloud for a demo, a recording or a test: on free ports, silent, as strict about indexes as production, and without
 * triggers where none are given. Its data goes with it.
 */
export async function startTemporaryCloud(
  options: Partial<Pick<CloudOptions, 'triggers' | 'timeScale'>> = {},
): Promise<TemporaryCloud> {
  const dataDir = await mkdtemp(join(tmpdir(), 'temporary-cloud-'))
  const removeData = () => rm(dataDir, { recursive: true, force: true })
  try {
    const cloud = await startCloud({
      dataDir,
      ports: anyPorts,
      triggers: [],
      documentsHost: null,
      logger: silentLogger,
      refusesUnindexed: true,
      ...options,
    })
    return {
      cloud,
      dataDir,
      async close() {
        await cloud.close()
        await removeData()
      },
    }
  } catch (error) {
    await removeData()
    throw error
  }
}
