/** What API Gateway hands a function, as far as this one looks. */
interface Event {
  readonly routeKey: string
  readonly pathParameters?: Readonly<Record<string, string>>
}

const notices = new Map([['n1', 'The lift is out of order.']])

/** A notice board. It knows nothing of incidents or trainees: whoever gets here was let through. */
export const handler = async ({ routeKey, pathParameters }: Event): Promise<{ statusCode: number; body: string }> => {
  if (routeKey === 'DELETE /notices/:id') notices.delete(pathParameters?.['id'] ?? '')
  if (routeKey === 'POST /notices') notices.set(`n${notices.size + 1}`, 'A new notice.')
  return { statusCode: 200, body: JSON.stringify(Object.fromEntries(notices)) }
}
