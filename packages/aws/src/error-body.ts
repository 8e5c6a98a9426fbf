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
