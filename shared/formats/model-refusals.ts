/** Why the first bytes of a file are no model, each with the sentence for who has chosen it. */
export const refusals = {
  'model.empty': 'The file is empty; its source may still be processing it.',
  'model.html':
    'The source sent a web page (often its login page) and not the model; check that the model can be downloaded with the stored token.',
  'model.json': 'The source sent JSON (often an error message) and not the model.',
  'model.xml': 'The source sent XML (often an error of its file storage) and not the model.',
  'model.lfs-pointer':
    'The file is a Git LFS pointer and not the model; take the "resolve" link and not the "raw" one.',
  'model.pickle':
    'The file is a Python pickle, which can run code when it is loaded; choose a safetensors version of the model.',
  'model.zip':
    'The file is a zip archive and not a model; choose its safetensors file, or the folder that it was made from.',
  'model.archive': 'The file is an archive and not a model; choose its safetensors file.',
  'model.image': 'The file is a picture and not a model.',
  'model.text': 'The file is plain text and not a model.',
  'model.bad-safetensors': 'The file is named .safetensors, but its bytes are not in that format.',
  'model.wrong-format': "The file's bytes are in another format than its name says.",
  'model.unknown-format': 'The file is in no format that is known here (safetensors, GGUF, ONNX).',
  'model.code': 'The file is a program and not part of a model; models that need code of their own are not taken.',
  'model.unexpected-file': 'The file is of a kind that no model needs.',
  'model.bad-companion': "The file beside the model's weights does not hold what its name says.",
} as const satisfies Readonly<Record<`model.${string}`, string>>

export type StartCode = keyof typeof refusals
