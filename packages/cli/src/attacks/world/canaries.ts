import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'

import { canaryCertificate } from './canary-certificate.ts'

/** Listeners that nobody has a reason to reach. A hit from inside a box means that a guard is gone. */
export interface Canaries {
  /** Raw TCP on 127.0.0.1 and, where the machine has it, ::1, on one port. Answers `received N bytes`. */
  readonly tcpPort: number
  readonly udpPort: number
  readonly httpUrl: string
  readonly httpsUrl: string
  /** PEM of the HTTPS canary's own certificate. */
  readonly ca: string
  /** `127.0.0.1:PORT`: a resolver that answers every name, as one on the internet would. */
  readonly dnsServer: string
  readonly hasIpv6: boolean
  /** What hit, so far: `tcp 127.0.0.1`, `https POST /collect`, `dns 7b22.evil.example`. */
  readonly hits: readonly string[]
  close(): Promise<void>
}

/** Opens every canary. `tcpPort` 0 takes any free one. */
export async function openCanaries(options: { readonly tcpPort: number; readonly nowMs: number }): Promise<Canaries> {
  const hits: string[] = []
  const certificate = canaryCertificate(options.nowMs)
  const answer: Parameters<typeof createHttp>[1] = (request, response) => {
    hits.push(`${'encrypted' in request.socket ? 'https' : 'http'} ${request.method ?? ''} ${request.url ?? ''}`)
    // A runtime API hands out events, a metadata service credentials: either would read this as a success.
    request.resume().on('end', () => response.end('{"canary":"received"}'))
  }
  const [http, https] = [createHttp(answer), createHttps(certificate, answer)]
  const [tcp4, tcp6] = [rawCanary(hits, '127.0.0.1'), rawCanary(hits, '::1')]
  const [dns, udp] = [createSocket('udp4'), createSocket('udp4')]
  dns.on('message', (query, from) => {
    hits.push(`dns ${questionOf(query)}`)
    dns.send(dnsAnswer(query), from.port, from.address)
  })
  udp.on('message', (_bytes, from) => {
    hits.push(`udp ${from.address}`)
    udp.send('received', from.port, from.address)
  })
  const tcpPort = await opened(tcp4, options.tcpPort, '127.0.0.1')
  const hasIpv6 = await opened(tcp6, tcpPort, '::1').then(
    () => true,
    () => false, // a machine without IPv6 has no ::1 to reach either
  )
  const [httpPort, httpsPort] = await Promise.all([opened(http, 0, '127.0.0.1'), opened(https, 0, '127.0.0.1')])
  const [dnsPort, udpPort] = await Promise.all([bound(dns), bound(udp)])
  return {
    tcpPort,
    udpPort,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    httpsUrl: `https://127.0.0.1:${httpsPort}`,
    ca: certificate.cert,
    dnsServer: `127.0.0.1:${dnsPort}`,
    hasIpv6,
    hits,
    close: async () => {
      for (const socket of [dns, udp]) socket.close()
      http.closeAllConnections()
      https.closeAllConnections()
      await Promise.all([tcp4, tcp6, http, https].map((server) => new Promise((done) => server.close(done))))
    },
  }
}

function rawCanary(hits: string[], address: string): Server {
  return createTcp({ allowHalfOpen: true }, (socket) => {
    hits.push(`tcp ${address}`)
    let bytes = 0
    socket.setTimeout(5_000, () => socket.destroy())
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    socket.on('end', () => socket.end(`received ${bytes} bytes`))
    socket.on('error', () => socket.destroy())
  })
}

function opened(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function bound(socket: DatagramSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', () => resolve(socket.address().port))
  })
}

const dnsHeaderBytes = 12

/** The question's name, RFC 1035 §4.1.2: labels, each after its length. */
function questionOf(query: Buffer): string {
  const labels: string[] = []
  for (let at = dnsHeaderBytes; at < query.length && query[at] !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)))
  }
  return labels.join('.')
}

/** The same question with one A record, 192.0.2.1, behind it (RFC 1035 §4.1). */
function dnsAnswer(query: Buffer): Buffer {
  const endOfName = query.indexOf(0, dnsHeaderBytes)
  const question = query.subarray(dnsHeaderBytes, endOfName + 5)
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 192, 0, 2, 1])
  return Buffer.concat([header, question, record])
}
