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
  runtimeApi: '127.0.0.1:9001',
  debugPort: 9229,
} as const
