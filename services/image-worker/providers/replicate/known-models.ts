import type { OutputShape } from '#shared/replicate/outputs.ts'
import type { InputTemplate } from './input-template.ts'

/** How a model is spoken to: fields and outputs differ from model to model. */
export interface ModelProfile {
  input: InputTemplate
  output: OutputShape
}

/** Models whose fields and outputs are written in public code (contract clipdrop.md §6), by owner/name. */
export const KNOWN_MODELS: Readonly<Record<string, ModelProfile>> = {
  'lucataco/remove-bg': { input: { image: '$image' }, output: 'single' },
  // Threshold 0 keeps the soft alpha of hair and fur.
  '851-labs/background-remover': {
    input: { image: '$image', format: 'png', threshold: 0, background_type: 'rgba' },
    output: 'single',
  },
  'lucataco/dis-background-removal': { input: { image: '$image' }, output: 'first' },
  'catacolabs/dis-background-removal': { input: { image: '$image' }, output: 'single' },
  'cjwbw/rembg': { input: { image: '$image' }, output: 'single' },
  // Faces are left alone: enhancing redraws them, and whose they are is what a character is about.
  'nightmareai/real-esrgan': { input: { image: '$image', scale: '$scale', face_enhance: false }, output: 'single' },
  'xinntao/realesrgan': {
    input: { img: '$image', version: 'General - v3', scale: '$scale', face_enhance: false },
    output: 'single',
  },
  'daanelson/real-esrgan-a100': { input: { image: '$image', scale: '$scale', face_enhance: false }, output: 'single' },
  'philz1337x/clarity-upscaler': { input: { image: '$image', scale_factor: '$scale' }, output: 'first' },
}
