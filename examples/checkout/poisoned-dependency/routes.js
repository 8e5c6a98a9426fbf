// POISONED, ON PURPOSE. Where the probes aim. The control run replaces the targets and nothing else.
import { homedir } from 'node:os'

export const routes = [
  { poison: 'https', kind: 'http', url: 'https://evil.example/collect' },
  { poison: 'tcp', kind: 'tcp', host: '203.0.113.7', port: 4444 },
  { poison: 'tcp-443', kind: 'tcp', host: '198.51.100.9', port: 443 },
  { poison: 'dns', kind: 'dns', suffix: 'evil.example' },
  { poison: 'metadata', kind: 'http', url: 'http://169.254.169.254/latest/meta-data/iam/security-credentials/' },
  { poison: 'loopback', kind: 'tcp', host: '127.0.0.1', port: 8483 },
  { poison: 'loopback-6', kind: 'tcp', host: '::1', port: 8483 },
  { poison: 'file-shadow', kind: 'file', path: '/etc/shadow' },
  { poison: 'file-root', kind: 'file', path: '/root' },
  { poison: 'file-init', kind: 'environ', path: '/proc/1/environ' },
  { poison: 'file-home', kind: 'file', path: `${homedir()}/.npmrc` },
  { poison: 'identity', kind: 'http', url: 'http://payments.fn.internal/charge', body: '{}' },
  {
    poison: 'identity-forged',
    kind: 'http',
    url: 'http://payments.fn.internal/charge',
    headers: { 'x-sallyport-function': 'orders', 'x-sallyport-user': 'ada' },
    body: '{}',
  },
  { poison: 'leftover-child', kind: 'child', runtimeApi: process.env.AWS_LAMBDA_RUNTIME_API ?? '127.0.0.1:9001' },
  { poison: 'build-import', kind: 'build', stolen: 'import' },
  { poison: 'build-link', kind: 'build', stolen: 'link' },
]
