import { type AnsweredPicture, type PictureType, readPicture } from '../read-picture.ts'
import type { ClipDropAnswer } from './clipdrop-call.ts'
import { badAnswer } from './clipdrop-errors.ts'

/** Proves that a 200 of ClipDrop is a picture of one of `types`. Throws `clipdrop.bad-answer`. */
export async function readAnsweredPicture(
  answer: ClipDropAnswer,
  types: readonly PictureType[],
): Promise<AnsweredPicture> {
  const { credits } = answer
  return await readPicture({
    answer,
    types,
    reject({ what, isOtherThing, facts, cause }) {
      // A page or JSON in place of a picture is no work done, unless the credits say otherwise.
      const answered = isOtherThing && (credits ?? 0) === 0
      return badAnswer(what, { answered, facts: { ...facts, credits }, cause })
    },
  })
}
