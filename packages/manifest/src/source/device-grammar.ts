import type { Shape } from './shape.ts'
import { duration, file, free, url } from './words.ts'

/** `devices:`, for the reader and for the JSON Schema. */
export const devicesShape: Shape = {
  kind: 'record',
  keys: {
    authorities: { shape: file, about: 'Authorities (PEM) whose client certificates are managed devices.' },
    revoked: {
      shape: file,
      about: 'Lists (PEM) of certificates that they took back; without a current one theirs do not count.',
    },
    manager: {
      about: 'Who signs statements about devices, sent as sallyport-device.',
      shape: {
        kind: 'record',
        keys: {
          issuer: { shape: url, required: true, about: 'The exact issuer of its statements.' },
          audience: { shape: free, required: true, about: 'For whom its statements must be made.' },
          jwks: { shape: file, about: 'JWKS file, in place of what the manager publishes.' },
          'max-age': { shape: duration, about: 'How old a statement may be; 1h unless said.' },
        },
      },
    },
  },
}
