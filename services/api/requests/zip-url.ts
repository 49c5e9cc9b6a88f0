import { CallerError, errorCode } from '#shared/errors/app-error.ts'
import type { ApiContext } from '../api-context.ts'
import { checkFetchedUrl } from './fetched-url.ts'

/** Checks the URL of a ZIP before it is fetched. @throws CallerError 422 `training.bad-zip-url`. */
export async function checkZipUrl(context: Pick<ApiContext, 'config' | 'resolveHost'>, text: string): Promise<void> {
  await checkFetchedUrl(
    context,
    text,
    (message, cause) =>
      new CallerError({
        status: 422,
        code: 'training.bad-zip-url',
        message,
        details: [{ path: 'zipUrl', message }],
        facts: { reason: errorCode(cause) },
        cause,
      }),
  )
}
