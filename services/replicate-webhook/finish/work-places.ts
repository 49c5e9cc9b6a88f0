/** Below it lie the parts of a job's download (models bucket). */
export function finishWorkPrefix(jobId: string): string {
  return `work/${jobId}/`
}
