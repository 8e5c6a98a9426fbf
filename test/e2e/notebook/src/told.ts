/** Tells back the event that it was given, in base64 and with two values of one header, as format 1.0 has them. */
export const handler = (event: unknown): Promise<unknown> =>
  Promise.resolve({
    statusCode: 203,
    statusDescription: '203 Non-Authoritative Information',
    headers: { 'content-type': 'application/json' },
    multiValueHeaders: { 'x-told': ['once', 'twice'] },
    body: Buffer.from(JSON.stringify(event)).toString('base64'),
    isBase64Encoded: true,
  })
