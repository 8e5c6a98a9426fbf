/** Paths inside a function's box, where AWS Lambda has them too. */
export const inBox = {
  node: '/var/lang/bin/node',
  client: '/var/runtime/client.mjs',
  rehearsal: '/var/runtime/rehearsal.mjs',
  streaming: '/var/runtime/streaming.mjs',
  python: '/usr/bin/python3',
  pythonClient: '/var/runtime/client.py',
  fetchEvents: '/var/runtime/fetch-events.mjs',
  workerd: '/var/lang/bin/workerd',
  workerdLoop: '/var/runtime/workerd-loop.mjs',
  workerdShim: '/var/runtime/workerd-shim.mjs',
  workerdConfig: '/etc/sallyport.capnp',
  code: '/var/task',
  layers: '/opt',
  ca: '/etc/sallyport-ca.pem',
  /** Where programs look that read no variable: urllib3, git and wget of Debian, what was built for Amazon Linux. */
  systemCas: ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem', '/etc/pki/tls/certs/ca-bundle.crt'],
  runtimeApi: '127.0.0.1:9001',
  debugPort: 9229,
} as const
