/** Where something stands in a file: 1-based line and column. */
export interface Position {
  /** Path as the user would type it, relative to the app folder: `sallyport.yaml`, `policies/orders.json`. */
  readonly file: string
  readonly line: number
  readonly column: number
}
