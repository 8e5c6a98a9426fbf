import type { App, FunctionDeclaration, Route } from '../app.ts'
import {
  byLiteralFirst,
  matchTemplate,
  parsePathTemplate,
  type PathTemplate,
  spellsOtherwise,
  splitPath,
} from './path.ts'

/** The route that answers an incoming request, or the code for why none does. */
export type RouteMatch =
  | {
      readonly kind: 'route'
      readonly functionDeclaration: FunctionDeclaration
      readonly route: Route
      /** Path parameters, percent-decoded once. */
      readonly parameters: Readonly<Record<string, string>>
    }
  /** `route.malformed_path`: not to be guessed at. `route.unlisted`: no route answers. */
  | { readonly kind: 'refused'; readonly code: 'route.malformed_path' | 'route.unlisted' }

interface CompiledRoute {
  readonly functionDeclaration: FunctionDeclaration
  readonly route: Route
  readonly template: PathTemplate
}

const compiled = new WeakMap<App, readonly CompiledRoute[]>()

/** The route that answers, by method and path (without its query). The same for the gateway and for `can`. */
export function matchRoute(app: App, method: string, path: string): RouteMatch {
  const parts = splitPath(path)
  if (parts === undefined) return { kind: 'refused', code: 'route.malformed_path' }
  for (const { functionDeclaration, route, template } of routesOf(app)) {
    if (route.method !== method) continue
    const parameters = matchTemplate(template, parts)
    if (spellsOtherwise(template, parts)) return { kind: 'refused', code: 'route.malformed_path' }
    if (parameters !== undefined) return { kind: 'route', functionDeclaration, route, parameters }
  }
  return { kind: 'refused', code: 'route.unlisted' }
}

function routesOf(app: App): readonly CompiledRoute[] {
  const known = compiled.get(app)
  if (known !== undefined) return known
  const routes = app.functions
    .flatMap((functionDeclaration) =>
      functionDeclaration.routes.flatMap((route) => {
        const template = parsePathTemplate(route.path)
        return template === undefined ? [] : [{ functionDeclaration, route, template }]
      }),
    )
    .toSorted((a, b) => byLiteralFirst(a.template, b.template))
  compiled.set(app, routes)
  return routes
}
