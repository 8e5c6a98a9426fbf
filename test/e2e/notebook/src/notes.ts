import { dynamoDb } from './signed-dynamodb.ts'

/** What of an API Gateway event (payload 2.0) the notebook reads. */
interface Event {
  readonly routeKey: string
  readonly body?: string
  readonly pathParameters?: { readonly id?: string }
  readonly requestContext: { readonly authorizer?: { readonly jwt?: { readonly claims?: { readonly sub?: string } } } }
}

interface Reply {
  readonly statusCode: number
  readonly body: string
}

const version = 'one'

/** Keeps notes in a table and prints pages at a door. */
export async function handler({ routeKey, body, pathParameters, requestContext }: Event): Promise<Reply> {
  const key = {
    writer: { S: requestContext.authorizer?.jwt?.claims?.sub ?? '' },
    id: { S: pathParameters?.id ?? '' },
  }
  switch (routeKey) {
    case 'PUT /notes/:id':
      return passOn(await dynamoDb('PutItem', { TableName: 'Notes', Item: { ...key, text: { S: body ?? '' } } }))
    case 'GET /notes/:id':
      return passOn(await dynamoDb('GetItem', { TableName: 'Notes', Key: key }))
    case 'POST /pages':
      return passOn(await fetch('https://press.example/pages', { method: 'POST', body: body ?? '' }))
    default:
      return { statusCode: 200, body: version }
  }
}

async function passOn(answer: Response): Promise<Reply> {
  return { statusCode: answer.status, body: await answer.text() }
}
