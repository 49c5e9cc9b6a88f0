/** What the owner of a training is told of a failure: our sentences about trainings, and of all else only that it is not theirs to mend. */
export function userFailure(failure: { code: string; message: string }): { code: string; message: string } {
  const { code, message } = failure
  if (code.startsWith('training.')) return { code, message }
  return { code, message: 'Something went wrong on our side while the training was brought to its end.' }
}
