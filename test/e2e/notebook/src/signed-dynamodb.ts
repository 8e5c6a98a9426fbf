import { createHash, createHmac } from 'node:crypto'

/** One DynamoDB call, signed (Signature Version 4) with what the box gives a function to sign with; no SDK needed. */
export function dynamoDb(operation: string, input: object): Promise<Response> {
  const env = (name: string): string => process.env[name] ?? ''
  const endpoint = new URL(env('AWS_ENDPOINT_URL_DYNAMODB') || env('AWS_ENDPOINT_URL'))
  const secret = env('AWS_SECRET_ACCESS_KEY')
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${env('AWS_REGION')}/dynamodb/aws4_request`
  const body = JSON.stringify(input)
  const session = env('AWS_SESSION_TOKEN')
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    host: endpoint.host,
    'x-amz-date': time,
    ...(session === '' ? {} : { 'x-amz-security-token': session }),
    'x-amz-target': `DynamoDB_20120810.${operation}`,
  }
  // Signature Version 4, in the order that it hashes: the names above are sorted already.
  const names = Object.keys(headers).join(';')
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}:${value}\n`)
    .join('')
  const canonical = `POST\n/\n\n${lines}\n${names}\n${sha256(body)}`
  const dateKey = hmac(`AWS4${secret}`, time.slice(0, 8))
  const key = hmac(hmac(hmac(dateKey, env('AWS_REGION')), 'dynamodb'), 'aws4_request')
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex')
  const credential = `AWS4-HMAC-SHA256 Credential=${env('AWS_ACCESS_KEY_ID')}/${scope}`
  const { host: _, ...sent } = headers
  return fetch(endpoint, {
    method: 'POST',
    headers: { ...sent, authorization: `${credential}, SignedHeaders=${names}, Signature=${signature}` },
    body,
  })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
