/**
 * Which actions there are, on what each can be granted, and which condition keys it carries. The engine knows no
 * service's by itself; whoever has such knowledge hands it in.
 */
export interface ActionCatalogue {
  /** Prefixes of the services that are known, in lower case. */
  readonly services: readonly string[]
  /** A service's actions by their names in lower case; undefined where the service is not known. */
  readonly actionsOf: (service: string) => ReadonlyMap<string, KnownAction> | undefined
}

/** What is known of one action. */
export interface KnownAction {
  /** As the service writes it, without its prefix. */
  readonly name: string
  /**
   * Patterns of the resources on which it can be granted, less those that `unlike` matches. None where it takes no
   * resource: it is then asked for on `*`, and granted by a Resource that matches that alone.
   */
  readonly resources: readonly { readonly like: string; readonly unlike?: string }[]
  /** On what one without resources is asked for in place of `*`; its partition is the caller's. */
  readonly askedOn?: string
  /** The service's condition keys that it carries, with a star where a name of one's own stands. */
  readonly keys: readonly string[]
}

/** What is known of an action, written `service:Name` in any case; undefined where nothing is. */
export function knownAction(catalogue: ActionCatalogue | undefined, action: string): KnownAction | undefined {
  const folded = action.toLowerCase()
  const colon = folded.indexOf(':')
  return catalogue?.actionsOf(folded.slice(0, colon))?.get(folded.slice(colon + 1))
}
