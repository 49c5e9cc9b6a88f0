/**
 * Whether an ICC profile may cost its reader any amount of time. Pipelines of floats (ICC.1, `multiProcessElementsType`) have
 * as many elements as they like, all at one place of the file; Little CMS walks the whole list for each, and each of them for
 * each colour: 700 bytes of PNG take ten seconds, 1,500 an hour. Cameras and painting programs write none.
 */
export function isCostlyProfile(icc: Buffer | undefined): boolean {
  return icc?.includes('mpet') ?? false
}
