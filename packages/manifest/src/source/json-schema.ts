import { manifestShape } from './grammar.ts'
import type { Shape } from './shape.ts'

type Json = Readonly<Record<string, unknown>>

/** The JSON Schema (2020-12) of `sallyport.yaml`, made from the grammar that the reader itself uses. */
export function manifestJsonSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:sallyport:manifest:0.1',
    title: 'sallyport.yaml',
    ...schemaOf(manifestShape),
  }
}

function schemaOf(shape: Shape): Json {
  switch (shape.kind) {
    case 'text':
      return {
        type: shape.scalar === true ? ['string', 'number', 'boolean'] : 'string',
        ...(shape.pattern === undefined ? {} : { pattern: shape.pattern.source }),
        ...(shape.options === undefined ? {} : { enum: shape.options }),
        description: shape.says,
      }
    case 'flag':
      return { type: 'boolean' }
    case 'integer':
      return { type: 'integer', minimum: shape.minimum, maximum: shape.maximum }
    case 'list':
      return {
        type: 'array',
        items: schemaOf(shape.of),
        ...(shape.atLeast === undefined ? {} : { minItems: shape.atLeast }),
      }
    case 'record':
      return recordOf(shape)
    case 'either':
      return { anyOf: shape.of.map(schemaOf) }
  }
}

function recordOf(shape: Extract<Shape, { kind: 'record' }>): Json {
  const fields = Object.entries(shape.keys)
  const required = fields.filter(([, field]) => field.required === true).map(([key]) => key)
  return {
    type: shape.orEmpty === true ? ['object', 'null'] : 'object',
    properties: Object.fromEntries(
      fields.map(([key, field]) => {
        const inner = schemaOf(field.shape)
        return [key, field.about === undefined ? inner : { ...inner, description: field.about }]
      }),
    ),
    ...(required.length === 0 ? {} : { required }),
    ...(shape.named === undefined ? {} : { patternProperties: namedOf(shape, shape.named) }),
    additionalProperties: false,
  }
}

/** Fixed keys are left to `properties`, or both would have to hold (JSON Schema 2020-12 §10.3.2). */
function namedOf(
  shape: Extract<Shape, { kind: 'record' }>,
  named: NonNullable<Extract<Shape, { kind: 'record' }>['named']>,
): Json {
  const fixed = Object.keys(shape.keys)
  const pattern =
    fixed.length === 0 ? named.pattern.source : `^(?!(?:${fixed.join('|')})$)${named.pattern.source.replace(/^\^/, '')}`
  return { [pattern]: schemaOf(named.of) }
}
