import { errorAnswers } from '../../services/api/http/openapi/responses.ts'

/** Whether the api's document says that a refusal with that status may have that code. */
export function mayRefuse(status: number, code: string): boolean {
  const codes = errorAnswers[status]?.description.matchAll(/`([a-z][\w.…-]*)`/g) ?? []
  return [...codes].some(([, told = '']) => (told.endsWith('…') ? code.startsWith(told.slice(0, -1)) : code === told))
}
