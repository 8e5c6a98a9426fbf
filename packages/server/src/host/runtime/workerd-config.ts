import { inBox } from '../box/in-box.ts'

/** The service that workerd is told to run: it asks for invocations, and never ends by itself. */
export const loopService = 'sallyport'
/** With it Node's own modules are there without a flag. */
const compatibilityDate = '2026-08-04'

/**
 * What workerd reads at its start, in Cap'n Proto's text format. There are two workers: ours, which alone may speak to
 * the Runtime API, and the function's, bound to nothing but its variables. The function reaches whatever the box
 * reaches, which is its doors, but for addresses of the box itself, where the Runtime API stands. The network has the
 * name that workerd would else give to one of its own making.
 */
export function workerdConfig(environment: Readonly<Record<string, string>>, caPem: string): string {
  const bindings = Object.entries(environment).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)
  const module = (name: string, path: string): string => `(name = ${text(name)}, esModule = embed ${text(path)})`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "${loopService}", worker = .loop),
  (name = "function", worker = .function),
  (name = "runtime", external = (address = "${inBox.runtimeApi}", http = ())),
  (name = "internet", network = (
    allow = ["0.0.0.0/0", "::/0"],
    deny = ["local", "0.0.0.0/8", "::/128"],
    tlsOptions = (trustedCertificates = [${text(caPem)}]),
  )),
]);
const loop :Workerd.Worker = (
  modules = [${module('loop.mjs', inBox.workerdLoop)}, ${module('fetch-events.mjs', inBox.fetchEvents)}],
  compatibilityDate = "${compatibilityDate}",
  globalOutbound = "internet",
  bindings = [(name = "RUNTIME", service = "runtime"), (name = "FUNCTION", service = "function")],
);
const function :Workerd.Worker = (
  modules = [${module('shim.mjs', inBox.workerdShim)}, ${module('index.mjs', `${inBox.code}/index.mjs`)}],
  compatibilityDate = "${compatibilityDate}",
  globalOutbound = "internet",
  bindings = [${bindings.join(', ')}],
);
`
}

/** A text literal: UTF-8 as it stands, but for what would end it and what cannot be seen. */
function text(value: string): string {
  const escaped = value.replaceAll(/["\\\p{Cc}]/gu, (one) =>
    [...Buffer.from(one)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  )
  return `"${escaped}"`
}
