export { loadCatalogue } from './catalogue.ts'
export { type Ask, type AwsRefusal, describeDynamoDb, type Described, type DynamoDbRequest } from './describe.ts'
export { awsJsonError, awsXmlError, type AwsErrorResponse } from './error-body.ts'
export type { KnownTable } from './table-name.ts'
