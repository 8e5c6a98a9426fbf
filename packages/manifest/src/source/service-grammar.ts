import type { Shape } from './shape.ts'
import { file, name, names, nameSays, url } from './words.ts'

/** `services:`, for the reader and for the JSON Schema. */
export const servicesShape: Shape = {
  kind: 'record',
  keys: {},
  named: {
    says: nameSays,
    pattern: name,
    of: {
      kind: 'record',
      keys: {
        id: {
          shape: {
            kind: 'text',
            says: 'a SPIFFE id such as spiffe://example.org/reports',
            pattern: /^spiffe:\/\/\S+$/,
          },
          about: 'The id of its SVIDs, exactly.',
        },
        aws: {
          about: 'Its role at AWS, proved by a signed GetCallerIdentity.',
          shape: {
            kind: 'record',
            keys: {
              role: {
                shape: {
                  kind: 'text',
                  says: 'an IAM role such as arn:aws:iam::123456789012:role/reports',
                  pattern: /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/,
                },
                required: true,
                about: 'The role, exactly.',
              },
              region: {
                shape: { kind: 'text', says: 'a region such as eu-central-1', pattern: /^[a-z]{2}(?:-[a-z]+)+-\d$/ },
                required: true,
                about: 'Where AWS is asked.',
              },
              endpoint: { shape: url, about: "AWS's own in that region unless said. May hold ${NAME:-default}." },
            },
          },
        },
        jwks: { shape: file, about: 'JWKS file: the keys by which it signs its requests (RFC 9421).' },
        roles: { shape: names, required: true, about: 'Roles that it holds.' },
      },
    },
  },
}

/** `trust:`. */
export const trustShape: Shape = {
  kind: 'record',
  keys: {},
  named: {
    says: 'a trust domain such as example.org',
    pattern: /^[a-z0-9._-]{1,255}$/,
    of: file,
  },
}
