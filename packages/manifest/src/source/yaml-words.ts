/** What a fault of YAML's grammar is called, and what mends it. */
interface Words {
  readonly says: string
  readonly mend?: string
}

/** The library's own words, by what they begin with → ours. */
const words: readonly (readonly [begins: RegExp, Words])[] = [
  [/^Tabs are not allowed/, { says: 'A tab indents this line.', mend: 'indent with spaces' }],
  [
    /^Source contains multiple doc/,
    { says: 'A second document begins here.', mend: 'keep one, without any line of ---' },
  ],
  [/^Flow sequence .* end with a \]/, { says: 'A list that begins with "[" is not closed.', mend: 'write the "]"' }],
  [/^Flow map .* end with a \}/, { says: 'A map that begins with "{" is not closed.', mend: 'write the "}"' }],
  [
    /^Missing closing .*quote/,
    { says: 'A text that begins with a quote is not closed.', mend: 'write the other quote' },
  ],
  [
    /^All (mapping|sequence) items must start at the same column/,
    { says: 'This line is indented unlike those that it stands with.', mend: 'indent it as they are' },
  ],
  [
    /^Nested mappings are not allowed in compact mappings/,
    { says: 'A second ":" stands in this line.', mend: 'quote the text that holds it, or begin a new line' },
  ],
  [
    /^Unexpected .* at node end/,
    { says: 'Something follows here that does not belong to what it follows.', mend: 'begin a new line' },
  ],
  [
    /^Implicit (map )?keys? need/,
    { says: 'This is a key, or a text over several lines, and no ":" follows.', mend: 'write key: value' },
  ],
]

/** A fault that the YAML library found, in the words of everything else that is wrong with a manifest. */
export function wordsOfYaml(message: string): Words {
  return (
    words.find(([begins]) => begins.test(message))?.[1] ?? { says: message.endsWith('.') ? message : `${message}.` }
  )
}
