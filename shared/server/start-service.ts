import type { RequestListener } from 'node:http'
import { configWarnings } from '#shared/config/checks.ts'
import type { Config } from '#shared/config/environment.ts'
import { loadConfig } from '#shared/config/load.ts'
import type { Service } from '#shared/config/variable.ts'
import { createLogger } from '#shared/logging/create-logger.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type ServerContext, startServer } from './start-server.ts'

/** What a service's `load` gets: its configuration, its logger, and the server it is loaded for. */
export interface ServiceContext<S extends Service> extends ServerContext {
  config: Config<S>
  logger: Logger
}

interface ServiceInit<S extends Service> {
  service: S
  /** `process.env`: only a `main.ts` may name it. */
  env: NodeJS.ProcessEnv
  /** Imports the app (a dynamic import, so that the port opens first) and wires it. */
  load: (context: ServiceContext<S>) => Promise<RequestListener>
}

/**
 * The whole of a `main.ts`: configuration, logger, server. Doesn't throw: what stops the start is logged in one line
 * and ends the process with 1, and so does an error that nobody caught, because the state behind it is unknown.
 */
export function startService<S extends Service>(init: ServiceInit<S>): void {
  let logger = createLogger({ service: init.service })
  const end = (message: string) => (error: unknown) => {
    logger.error(message, { error: error instanceof Error ? error : new Error(String(error)) })
    process.exit(1)
  }
  process.on('uncaughtException', end('An error that nobody caught ended the process.'))
  process.on('unhandledRejection', end('A rejection that nobody handled ended the process.'))

  const start = async () => {
    const config = loadConfig(init.service, init.env)
    // What every service has, this one has too; TypeScript can't see that through the type parameter.
    const common = config as Config<S> & Config
    // Google's clients read it from the process, and beside an emulator they would search for seconds.
    if (common.FIRESTORE_EMULATOR_HOST !== null) init.env.METADATA_SERVER_DETECTION ??= 'none'
    logger = createLogger({
      service: init.service,
      version: common.K_REVISION,
      level: common.LOG_LEVEL,
      format: common.LOG_FORMAT,
    })
    for (const warning of configWarnings(config)) logger.warn(warning)
    await startServer({
      port: common.PORT,
      logger,
      shutdownMs: common.SHUTDOWN_MS,
      load: (server) => init.load({ ...server, config, logger }),
    })
  }
  start().catch((error: unknown) => end(error instanceof Error ? error.message : String(error))(error))
}
