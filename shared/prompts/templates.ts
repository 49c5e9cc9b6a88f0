import type { TrainingType } from '#shared/documents/trainings.ts'

/** A prompt with `{trigger}` and `{type}` for what the model has learned. */
export interface PromptTemplate {
  id: string
  /** As people see it. */
  title: string
  prompt: string
}

/** What sample pictures are made of after a training, and what people may choose instead of a prompt of their own. */
export const promptTemplates: readonly PromptTemplate[] = [
  {
    id: 'professional-photo',
    title: 'Professional photo',
    prompt:
      'Professional headshot of {trigger}, a {type} in a dark suit, looking into the camera with a slight smile, soft studio light, plain grey background, 85mm lens, shallow depth of field, sharp eyes, natural skin',
  },
  {
    id: 'outdoor-portrait',
    title: 'Outdoor portrait',
    prompt:
      'Portrait of {trigger}, a {type} in casual clothes in a city park at golden hour, candid look past the camera, warm backlight, blurred trees in the background, 50mm lens, natural skin',
  },
]

/** The template of that id; null where there is none. */
export function findTemplate(id: string): PromptTemplate | null {
  return promptTemplates.find((template) => template.id === id) ?? null
}

/** The prompt for one model. */
export function fillTemplate(
  template: Pick<PromptTemplate, 'prompt'>,
  model: { triggerWord: string; type: TrainingType },
): string {
  return template.prompt.replace(/\{(trigger|type)\}/g, (_, what) => (what === 'type' ? model.type : model.triggerWord))
}
