import initWabt from 'wabt'

/** Assembles WebAssembly text. */
export async function assemble(text: string): Promise<Uint8Array> {
  // The runtime validates it; this assembler does not know every feature that the runtime has.
  return (await initWabt()).parseWat('guest.wat', text).toBinary({}).buffer
}

const texts: string[] = []

/** What one entrypoint does: instructions that leave the address of its result's JSON text. */
const behaviours: Readonly<Record<string, string>> = {
  'sallyport/allow': textAt('[{"result":true}]'),
  deny: textAt('[{"result":{"allow":false,"reason":"not \\u001b[31mtoday\\u001b[0m"}}]'),
  loop: '(loop $forever (br $forever)) (unreachable)',
  trap: '(unreachable)',
  abort: `(call $abort ${textAt('no more')}) (unreachable)`,
  undefined: textAt('[]'),
  'no-json': textAt('allow'),
  // As far as it is let, which it says by refusing; a memory of another size is a trap. Far beyond, it stops by itself.
  grow: `(loop $more (br_if $more (i32.and
      (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
      (i32.lt_u (memory.size) (i32.const 512)))))
    (if (i32.ne (memory.size) (i32.const 64)) (then (unreachable)))
    ${textAt('[{"result":{"allow":false,"reason":"64 pages"}}]')}`,
  // A text that takes far more room once it is read than it has bytes.
  bomb: `(drop (memory.grow (i32.sub (i32.const 480) (memory.size))))
    (local.set 0 (i32.const 65536))
    (i32.store8 (local.get 0) (i32.const 0x5b))
    (loop $more
      (i32.store (i32.add (local.get 0) (i32.const 1)) (i32.const 0x5b2c5d5b))
      (local.set 0 (i32.add (local.get 0) (i32.const 3)))
      (br_if $more (i32.lt_u (local.get 0) (i32.const 31000000))))
    (i32.store (i32.add (local.get 0) (i32.const 1)) (i32.const 0x005d5d5b))
    (i32.const 65536)`,
}

/** Puts a text into the module's data, and leaves its address. */
function textAt(text: string): string {
  texts.push(text)
  return `(i32.const ${(texts.length + 1) * 256})`
}

/** A module of OPA's ABI 1.2 whose entrypoints are those above. Values in it are the addresses of their JSON texts. */
export const manyFaced: string = moduleOf(behaviours)

/** The same with a memory of its own beside the one it imports. */
export const withOwnMemory: string = manyFaced.replace('(global $heap', '(memory $mine 1)\n  (global $heap')

function moduleOf(entries: Readonly<Record<string, string>>): string {
  const names = Object.keys(entries)
  const entrypoints = JSON.stringify(Object.fromEntries(names.map((name, index) => [name, index])))
  const data = texts.map((text, index) => `(data (i32.const ${(index + 2) * 256}) ${quoted(text)})`)
  const cases = Object.values(entries).map(
    (body, index) => `(if (i32.eq (local.get 1) (i32.const ${index})) (then (return ${body})))`,
  )
  return `(module
  (import "env" "memory" (memory 2))
  (import "env" "opa_abort" (func $abort (param i32)))
  (global (export "opa_wasm_abi_version") i32 (i32.const 1))
  (global (export "opa_wasm_abi_minor_version") i32 (i32.const 2))
  (data (i32.const 16) "{}\\00")
  (data (i32.const 16384) ${quoted(entrypoints)})
  ${data.join('\n  ')}
  (global $heap (mut i32) (i32.const 32768))
  (func (export "builtins") (result i32) (i32.const 16))
  (func (export "entrypoints") (result i32) (i32.const 16384))
  (func (export "opa_json_dump") (param i32) (result i32) (local.get 0))
  (func (export "opa_json_parse") (param i32 i32) (result i32) (local.get 0))
  (func (export "opa_malloc") (param i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 0))))
  (func (export "opa_heap_ptr_get") (result i32) (global.get $heap))
  (func (export "opa_heap_ptr_set") (param i32) (global.set $heap (local.get 0)))
  (func (export "opa_eval") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    ${cases.join('\n    ')}
    (unreachable))
)`
}

/** A text with its NUL, as WebAssembly's text format writes it. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(`${text}\0`)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`)
  return `"${bytes.join('')}"`
}
