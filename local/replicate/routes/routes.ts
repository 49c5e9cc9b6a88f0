import { FILE_ROUTES } from './file-routes.ts'
import { MODEL_ROUTES } from './model-routes.ts'
import { PREDICTION_ROUTES } from './prediction-routes.ts'
import type { Route } from './route.ts'
import { TRAINING_ROUTES } from './training-routes.ts'

const ROUTES: readonly Route[] = [...PREDICTION_ROUTES, ...TRAINING_ROUTES, ...MODEL_ROUTES, ...FILE_ROUTES]

export function findRoute(method: string, path: string): { route: Route; names: readonly string[] } | null {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null
    if (match !== null) return { route, names: match.slice(1).map(decodeURIComponent) }
  }
  return null
}
