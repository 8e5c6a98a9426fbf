import type { PolicyDocument } from '@sallyport/core/policy'

/** One engine, loaded and ready to be asked. */
export interface Case {
  readonly allow: () => boolean
  readonly deny: () => boolean
}

/** What is asked of every engine, in its own words. */
export interface Asked {
  readonly action: string
  readonly resource: string
  readonly tag: string
  readonly ip: string
}

const askedFor = (n: number): Asked => ({
  action: `svc${n % 40}:GetThing`,
  resource: `arn:aws:s3:::bucket-${n}/orders/1`,
  tag: `team-${n}`,
  ip: `10.${n % 250}.3.4`,
})
/** What the last of N statements allows. */
export const allowed = (n: number): Asked => askedFor(n - 1)
/** The same on a resource that no statement names. */
export const denied = (n: number): Asked => ({ ...askedFor(n - 1), resource: `arn:aws:s3:::other-${n}/orders/1` })

/** Who asks. */
export const principal = 'arn:aws:iam::123456789012:role/app'
/** N statements that differ in action, resource, tag and network, and from those of another layer. */
export const document = (n: number, resource: (index: number) => string, layer?: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: Array.from({ length: n }, (_, index) => ({
    Sid: `s${index}`,
    Effect: 'Allow' as const,
    Action: [...(layer === undefined ? [] : [`${layer}:*`]), `svc${index % 40}:Get*`, `svc${index % 40}:List*`],
    Resource: resource(index),
    Condition: {
      StringEquals: { 'aws:PrincipalTag/team': `team-${index}` },
      IpAddress: { 'aws:SourceIp': `10.${index % 250}.0.0/16` },
      ...(layer === undefined ? {} : { StringNotEquals: { 'aws:PrincipalTag/state': `left-${layer}` } }),
    },
  })),
})
/** The resource pattern of one statement. */
export const bucket = (index: number): string => `arn:aws:s3:::bucket-${index}/*`
