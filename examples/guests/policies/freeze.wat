;; A policy module of OPA's Wasm ABI 1.2, assembled by hand. In Rego it would read
;;
;;   package noticeboard
;;   freeze := {"allow": false, "reason": "frozen"} if input.resource in data.frozen
;;   freeze := {"allow": true} if not input.resource in data.frozen
;;
;; and `opa build -t wasm -e noticeboard/freeze` would make the module. Values are kept as what they are in the
;; interface, JSON texts without white space: OPA's SDK writes input and data with JSON.stringify.
(module
  (import "env" "memory" (memory 2))
  (global (export "opa_wasm_abi_version") i32 (i32.const 1))
  (global (export "opa_wasm_abi_minor_version") i32 (i32.const 2))

  (data (i32.const 16) "{}\00")
  (data (i32.const 32) "{\"noticeboard/freeze\":0}\00")
  (data (i32.const 80) "[]\00")
  (data (i32.const 96) "[{\"result\":{\"allow\":true}}]\00")
  (data (i32.const 160) "[{\"result\":{\"allow\":false,\"reason\":\"frozen\"}}]\00")
  (data (i32.const 240) "resource")
  (data (i32.const 256) "frozen")
  (global $heap (mut i32) (i32.const 4096))

  (func (export "builtins") (result i32) (i32.const 16))
  (func (export "entrypoints") (result i32) (i32.const 32))
  (func (export "opa_json_dump") (param $value i32) (result i32) (local.get $value))
  (func (export "opa_json_parse") (param $text i32) (param $length i32) (result i32) (local.get $text))
  (func (export "opa_heap_ptr_get") (result i32) (global.get $heap))
  (func (export "opa_heap_ptr_set") (param $at i32) (global.set $heap (local.get $at)))

  ;; Room on the heap; the memory grows where it must, and a host that lets it grow no further ends the evaluation.
  (func (export "opa_malloc") (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $length)) (i32.const 7)) (i32.const -8)))
    (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $length) (i32.const 65536)))))
          (then unreachable))))
    (local.get $at))

  ;; Behind the string that begins at $at.
  (func $behindString (param $at i32) (result i32)
    (local $byte i32)
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x5c)) ;; \ and what it escapes
        (then (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next)))
      (br_if $next (i32.ne (local.get $byte) (i32.const 0x22))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; Behind the value that begins at $at: a string, an object or a list with all that it holds, or a plain word.
  (func $behindValue (param $at i32) (result i32)
    (local $byte i32)
    (local $depth i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then
          (local.set $at (call $behindString (local.get $at)))
          (br_if $next (local.get $depth))
          (return (local.get $at))))
      (if (i32.or (i32.eq (local.get $byte) (i32.const 0x7b)) (i32.eq (local.get $byte) (i32.const 0x5b))) ;; { [
        (then
          (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (if (i32.or (i32.eq (local.get $byte) (i32.const 0x7d)) (i32.eq (local.get $byte) (i32.const 0x5d))) ;; } ]
        (then
          (if (i32.eqz (local.get $depth)) (then (return (local.get $at))))
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (local.get $depth))
          (return (local.get $at))))
      (if (i32.and (i32.eqz (local.get $depth)) (i32.eq (local.get $byte) (i32.const 0x2c))) ;; ,
        (then (return (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  (func $same (param $one i32) (param $other i32) (param $length i32) (result i32)
    (loop $next
      (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other))) (then (return (i32.const 0))))
      (local.set $one (i32.add (local.get $one) (i32.const 1)))
      (local.set $other (i32.add (local.get $other) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Where the value of a member of the object at $object begins, or 0.
  (func $member (param $object i32) (param $name i32) (param $length i32) (result i32)
    (local $key i32)
    (local $end i32)
    (if (i32.ne (i32.load8_u (local.get $object)) (i32.const 0x7b)) (then (return (i32.const 0))))
    (local.set $key (i32.add (local.get $object) (i32.const 1)))
    (loop $next
      (if (i32.ne (i32.load8_u (local.get $key)) (i32.const 0x22)) (then (return (i32.const 0))))
      (local.set $end (call $behindString (local.get $key)))
      (if (i32.eq (i32.sub (local.get $end) (local.get $key)) (i32.add (local.get $length) (i32.const 2)))
        (then
          (if (call $same (i32.add (local.get $key) (i32.const 1)) (local.get $name) (local.get $length))
            (then (return (i32.add (local.get $end) (i32.const 1)))))))
      (local.set $key
        (i32.add (call $behindValue (i32.add (local.get $end) (i32.const 1))) (i32.const 1))) ;; behind the comma
      (br_if $next (i32.eq (i32.load8_u (i32.sub (local.get $key) (i32.const 1))) (i32.const 0x2c))))
    (i32.const 0))

  ;; Whether the list at $list holds the string at $text, compared as they are written.
  (func $holds (param $list i32) (param $text i32) (result i32)
    (local $item i32)
    (local $end i32)
    (local $length i32)
    (local.set $length (i32.sub (call $behindString (local.get $text)) (local.get $text)))
    (local.set $item (i32.add (local.get $list) (i32.const 1)))
    (loop $next
      (local.set $end (call $behindValue (local.get $item)))
      (if (i32.eq (i32.sub (local.get $end) (local.get $item)) (local.get $length))
        (then
          (if (call $same (local.get $item) (local.get $text) (local.get $length)) (then (return (i32.const 1))))))
      (local.set $item (i32.add (local.get $end) (i32.const 1)))
      (br_if $next (i32.eq (i32.load8_u (local.get $end)) (i32.const 0x2c))))
    (i32.const 0))

  ;; opa_eval(reserved, entrypoint, data, input, input length, heap, format): the address of the result set's text.
  (func (export "opa_eval") (param i32 i32) (param $data i32) (param $input i32) (param i32 i32 i32) (result i32)
    (local $resource i32)
    (local $frozen i32)
    (local.set $resource (call $member (local.get $input) (i32.const 240) (i32.const 8)))
    (local.set $frozen (call $member (local.get $data) (i32.const 256) (i32.const 6)))
    ;; Where either is missing, the rule is undefined.
    (if (i32.or (i32.eqz (local.get $resource)) (i32.eqz (local.get $frozen))) (then (return (i32.const 80))))
    (if (i32.ne (i32.load8_u (local.get $frozen)) (i32.const 0x5b)) (then (return (i32.const 80))))
    (if (call $holds (local.get $frozen) (local.get $resource)) (then (return (i32.const 160))))
    (i32.const 96)))
