import * as z from 'zod'

/**
 * What a folder of the models bucket holds: its list of contents, which is written last and makes it complete. Paths are
 * below the folder.
 */
export const folderManifestSchema = z.object({
  files: z.array(z.object({ path: z.string(), sizeBytes: z.number(), sha256: z.string() })),
})

export type FolderManifest = z.infer<typeof folderManifestSchema>

/** Of a folder's list of contents. No repository has a file of this name. */
export function manifestName(prefix: string): string {
  return `${prefix}charaforge-manifest.json`
}
