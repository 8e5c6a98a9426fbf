import { SallyportError } from '@sallyport/core/access'

import { type BareItem, base64Of, type Entries, type Item, type Member, type Parameters } from './structured-field.ts'

/** Serialises a dictionary in its one form (RFC 9651 §4.1.2); of two members with one name the last counts. */
export function serialiseDictionary(entries: Entries): string {
  return [...new Map(entries)]
    .map(([name, member]) => {
      const isTrue = member.kind === 'item' && member.value.kind === 'boolean' && member.value.value
      return isTrue ? name + serialiseParameters(member.parameters) : `${name}=${serialiseMember(member)}`
    })
    .join(', ')
}

/** Serialises a list (§4.1.1). */
export function serialiseList(members: readonly Member[]): string {
  return members.map(serialiseMember).join(', ')
}

/** Serialises an item or an inner list with its parameters (§4.1.1.1, §4.1.3). */
export function serialiseMember(member: Member): string {
  if (member.kind === 'item') return serialiseItem(member)
  return `(${member.items.map(serialiseItem).join(' ')})${serialiseParameters(member.parameters)}`
}

function serialiseItem({ value, parameters }: Item): string {
  return serialiseBareItem(value) + serialiseParameters(parameters)
}

function serialiseParameters(parameters: Parameters): string {
  return [...parameters]
    .map(([name, value]) => `;${name}${value.kind === 'boolean' && value.value ? '' : `=${serialiseBareItem(value)}`}`)
    .join('')
}

/** Throws `identity.field` for a string that no field can hold. */
function serialiseBareItem(item: BareItem): string {
  switch (item.kind) {
    case 'integer':
      return String(item.value)
    case 'decimal':
      return Number.isInteger(item.value) ? `${item.value}.0` : String(item.value)
    case 'date':
      return `@${item.value}`
    case 'token':
      return item.value
    case 'boolean':
      return item.value ? '?1' : '?0'
    case 'bytes':
      return `:${base64Of(item.value)}:`
    case 'string':
      if (!/^[\x20-\x7e]*$/.test(item.value)) throw new SallyportError('identity.field', 'a string must be plain ASCII')
      return `"${item.value.replaceAll(/["\\]/g, String.raw`\$&`)}"`
    case 'display-string':
      return `%"${Array.from(new TextEncoder().encode(item.value), displayByte).join('')}"`
  }
}

/** §4.1.11: percent sign, quote and everything that is not plain ASCII are written as two digits, in lower case. */
function displayByte(byte: number): string {
  const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x25
  return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
}
