/** One way out and where it aims. */
export interface Route {
  readonly poison: string
  readonly kind: 'http' | 'tcp' | 'dns' | 'file' | 'environ' | 'child' | 'build'
  readonly [target: string]: unknown
}

/** What came of one attempt. `got`: something came back from the other side, or was read. Never rejects. */
export declare function probe(route: Route): Promise<{ readonly got: boolean; readonly result: string }>
