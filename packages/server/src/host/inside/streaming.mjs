// Response streaming, as AWS documents it for Node: loaded with the first invocation of a handler that streams.
import { Writable } from 'node:stream'

const httpResponse = 'application/vnd.awslambda.http-integration-response'
const separator = Buffer.alloc(8)

/** What a handler writes its answer to. `host` is the runtime's connection, `path` where this answer goes. */
export class ResponseStream extends Writable {
  #host
  #path
  #contentType = 'application/octet-stream'
  #prelude
  #answered

  constructor(host, path) {
    super({ highWaterMark: 64 * 1024 })
    this.#host = host
    this.#path = path
    // A failure is told to the host by whoever runs the handler; without this it would end the process.
    this.on('error', () => {})
  }

  setContentType(type) {
    if (!/^[\x20-\x7e]{1,256}$/.test(type)) throw new TypeError(`${JSON.stringify(type)} is no content type`)
    this.#contentType = type
  }

  /** `awslambda.HttpResponseStream.from`: status and headers go before the body, as JSON and eight zero bytes. */
  begin(prelude) {
    if (this.#answered) throw new Error('the answer has begun already')
    this.#contentType = httpResponse
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), separator])
    return this
  }

  /** True once bytes are on their way: a failure can then only be told at their end. */
  get begun() {
    return this.#answered !== undefined
  }

  /** Resolves when the host has taken the whole answer. */
  get answered() {
    return this.#answered
  }

  /** Cuts the answer off; the host hears why from its trailers. */
  fail(errorType, report) {
    const body = Buffer.from(report).toString('base64')
    this.#host.write(
      `0\r\nLambda-Runtime-Function-Error-Type: ${errorType.replace(/[^\x21-\x7e]/g, '_')}\r\n` +
        `Lambda-Runtime-Function-Error-Body: ${body}\r\n\r\n`,
    )
    this.destroy()
    return this.#answered
  }

  _write(chunk, encoding, done) {
    this.#start()
    this.#chunk(chunk, done)
  }

  /** What was written while the host took what came before: as one chunk, which costs the host as much as each of many. */
  _writev(chunks, done) {
    this.#start()
    this.#chunk(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  _final(done) {
    this.#start()
    this.#host.write('0\r\n\r\n')
    done()
  }

  #start() {
    if (this.begun) return
    this.#answered = this.#host.begin('POST', this.#path, [
      `content-type: ${this.#contentType}`,
      'lambda-runtime-function-response-mode: streaming',
      'transfer-encoding: chunked',
      'trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    ])
    if (this.#prelude) this.#chunk(this.#prelude, () => {})
  }

  #chunk(bytes, done) {
    if (bytes.length === 0) return done()
    this.#host.write(`${bytes.length.toString(16)}\r\n`)
    this.#host.write(bytes)
    this.#host.write('\r\n', done)
  }
}
