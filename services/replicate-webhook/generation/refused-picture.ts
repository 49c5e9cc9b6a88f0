import type { AppError } from '#shared/errors/app-error.ts'
import type { PictureFailure } from './picture.ts'

const forOperator = 'The picture cannot be made at the moment: the service needs its operator. Try again later.'

/** What the failures of a call mean to the owner of a picture; the operator finds their own words in the log. */
const sentences: Readonly<Record<string, string>> = {
  'replicate.no-credit':
    'The picture cannot be made at the moment: the service has no credit left at Replicate. Try again later.',
  'replicate.denied': forOperator,
  'replicate.unreachable': forOperator,
  'replicate.not-found': 'The model, or the picture that it was making, is no longer at Replicate.',
  'replicate.refused': 'The model does not accept this prompt; try another one.',
  'replicate.rate-limited': 'The picture cannot be made at the moment: too many are being made. Try again later.',
}

/** A picture that a failing call has cost; the code is the call's. */
export function refusedPicture({ code, message }: AppError): PictureFailure {
  return { kind: 'failed', code, message: sentences[code] ?? message }
}
