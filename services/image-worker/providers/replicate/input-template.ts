/** What a template's placeholders stand for in one call. */
export interface InputValues {
  /** URL of the picture. */
  image: string
  /** Whole factor that reaches the target. */
  scale?: number
  targetWidth?: number
  targetHeight?: number
}

/** A model's input as JSON; values that are a placeholder (`"$image"`) are replaced in each call. */
export type InputTemplate = Readonly<Record<string, unknown>>

/** The field of a template that takes the picture; null where none does, or several. */
export function imageField(template: InputTemplate): string | null {
  const fields = Object.keys(template).filter((name) => template[name] === '$image')
  return fields.length === 1 ? (fields[0] ?? null) : null
}

/** The input of one call. A placeholder that this kind of call has no value for is left out. */
export function fillTemplate(template: InputTemplate, values: InputValues): Record<string, unknown> {
  const replacements: Record<string, unknown> = {
    $image: values.image,
    $scale: values.scale,
    $target_width: values.targetWidth,
    $target_height: values.targetHeight,
  }
  const filled: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(template)) {
    const isPlaceholder = typeof value === 'string' && value in replacements
    const given = isPlaceholder ? replacements[value] : value
    if (given !== undefined) filled[name] = given
  }
  return filled
}
