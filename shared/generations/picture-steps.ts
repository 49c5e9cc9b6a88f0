/** The step of a generation's job that creates a picture's prediction, and keeps which one it is. `index`: of its prompt. */
export function creationStep({ index }: { index: number }): string {
  return `create-${index}`
}

/** The step that keeps what became of a picture. */
export function outcomeStep({ index }: { index: number }): string {
  return `picture-${index}`
}
