import { FinalError } from '#shared/errors/app-error.ts'
import { companionContent, type FileKind } from './file-kind.ts'
import { type FileStart, type ModelFormat, pathExtension } from './model-format.ts'
import { refusals, type StartCode } from './model-refusals.ts'
import { safeText } from './safe-text.ts'
import { readHeaderLength } from './safetensors-length.ts'
import { sniffFormat } from './sniff-format.ts'
import { startsHtmlPage } from './sniff-text.ts'

export interface FormatPolicy {
  /** Takes pickles too, which run code when they are loaded. */
  allowPickle: boolean
}

export interface ExpectedFile extends FileStart {
  kind: FileKind
}

/** The formats that a file with this extension must have; a pickle's extensions promise nothing. */
const promised: Readonly<Record<string, ModelFormat>> = {
  '.safetensors': 'safetensors',
  '.sft': 'safetensors',
  '.gguf': 'gguf',
  '.onnx': 'onnx',
}

/** What is no model, whatever the file is called and wherever it lies. */
const refusedFormats: Partial<Record<ModelFormat, StartCode>> = {
  html: 'model.html',
  xml: 'model.xml',
  json: 'model.json',
  'lfs-pointer': 'model.lfs-pointer',
  zip: 'model.zip',
  tar: 'model.archive',
  gzip: 'model.archive',
  '7z': 'model.archive',
  rar: 'model.archive',
  image: 'model.image',
  text: 'model.text',
  unknown: 'model.unknown-format',
}

/**
 * The gate at the first bytes of a file (64 KiB, or all of a smaller one), before the rest is fetched: is it the kind of file
 * that it was taken for?
 * @returns what it is
 * @throws FinalError `model.*` with a sentence for who has chosen the model; `safetensors.*` where the first eight bytes are
 * enough to know that the header lies
 */
export function checkModelStart(head: Buffer, file: ExpectedFile, policy: FormatPolicy): ModelFormat {
  const format = sniffFormat(head, file)
  const code = file.kind === 'weights' ? refusedWeights(format, file, policy) : refusedCompanion(format, head, file)
  // With its brace in place the format is meant, and what is wrong is the length: that makes the better sentence.
  const hasBrace = format === 'unknown' && head[8] === 0x7b
  if (format === 'safetensors' || (code === 'model.bad-safetensors' && hasBrace)) readHeaderLength(head, file.sizeBytes)
  if (code === null) return format
  throw new FinalError({
    code,
    message: refusals[code],
    facts: { path: safeText(file.path, 200), sizeBytes: file.sizeBytes, format, starts: head.toString('hex', 0, 16) },
  })
}

function refusedWeights(format: ModelFormat, file: FileStart, policy: FormatPolicy): StartCode | null {
  if (format === 'empty') return 'model.empty'
  const expected = promised[pathExtension(file.path)]
  const isNamedDifferently = expected !== undefined && expected !== format
  if (format === 'pickle') {
    if (!policy.allowPickle) return 'model.pickle'
    return isNamedDifferently ? 'model.wrong-format' : null
  }
  const refused = refusedFormats[format]
  // "unknown" and "text" say less than what the name has promised.
  if (refused && format !== 'unknown' && format !== 'text') return refused
  if (isNamedDifferently) return expected === 'safetensors' ? 'model.bad-safetensors' : 'model.wrong-format'
  return refused ?? null
}

function refusedCompanion(format: ModelFormat, head: Buffer, file: FileStart): StartCode | null {
  const content = companionContent(file.path)
  if (content === null) return pathExtension(file.path) === '.py' ? 'model.code' : 'model.unexpected-file'
  if (format === 'pickle') return 'model.pickle'
  if (format === 'lfs-pointer') return 'model.lfs-pointer'
  // A model card or a licence may begin with a tag; nothing else may be HTML at all.
  if (format === 'html' && (content !== 'text' || startsHtmlPage(head))) return 'model.html'
  switch (content) {
    case 'json':
      return format === 'json' ? null : 'model.bad-companion'
    case 'text':
      return ['text', 'json', 'html', 'xml', 'empty'].includes(format) ? null : 'model.bad-companion'
    case 'image':
      return format === 'image' ? null : 'model.bad-companion'
    case 'data':
      // A tokenizer's own format has no magic; whatever has one is something else.
      return format === 'text' || format === 'unknown' ? null : 'model.bad-companion'
  }
}
