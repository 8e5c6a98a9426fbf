/** An error as the AWS JSON 1.0 protocol writes it. */
export interface AwsErrorResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * A refusal that an AWS SDK raises as the exception `type`. `requestId` is what `sallyport why` takes, and stands
 * where the SDK looks for AWS's own request id.
 */
export function awsJsonError(type: string, message: string, requestId: string): AwsErrorResponse {
  const body = new TextEncoder().encode(JSON.stringify({ __type: `com.amazon.coral.service#${type}`, message }))
  return {
    status: 400,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': String(body.length),
      'x-amzn-errortype': type,
      'x-amzn-requestid': requestId,
    },
    body,
  }
}

/**
 * The same in XML: as S3 writes it, or as services of the query protocol do (SNS, STS, IAM). Text is escaped, so that
 * it ends no element (XML 1.0 §2.4).
 */
export function awsXmlError(form: 's3' | 'query', message: string, requestId: string): AwsErrorResponse {
  const told = `<Code>AccessDenied</Code><Message>${escaped(message)}</Message>`
  const id = `<RequestId>${escaped(requestId)}</RequestId>`
  const text =
    form === 's3'
      ? `<Error>${told}${id}</Error>`
      : `<ErrorResponse><Error><Type>Sender</Type>${told}</Error>${id}</ErrorResponse>`
  const body = new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`)
  return {
    status: 403,
    headers: {
      'content-type': form === 's3' ? 'application/xml' : 'text/xml',
      'content-length': String(body.length),
      [form === 's3' ? 'x-amz-request-id' : 'x-amzn-requestid']: requestId,
    },
    body,
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
