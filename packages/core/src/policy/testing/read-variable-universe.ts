import { presence, universe, type VariableUniverse, words } from './variable-universe.ts'

const [team, level] = ['aws:PrincipalTag/Team', 'k:Level/a']
const spellings = ['aws:PrincipalTag/Team', 'aws:principaltag/TEAM', 'k:Level/a', 'K:level/A']

/** Where a key stands as a variable and is read as a number, a date, an address or a boolean beside. */
export const readVariableUniverses: readonly VariableUniverse[] = [
  universe({
    of: 'variables beside numbers and booleans',
    asked: [team, level],
    values: [
      undefined,
      '',
      ...words('x 5 5.0 05 7 10 -1 1e1 1234 true TRUE false'),
      5,
      10,
      true,
      1234,
      [],
      [''],
      ['5'],
      ['true'],
      ['x'],
      ['5', '10'],
      ['7', 'x'],
      ['true', 'false'],
      ['', '5'],
      ['', ''],
    ],
    keys: spellings,
    names: words('x 5 55 true'),
    resources: words(
      "5 5* ${aws:PrincipalTag/Team} 5${K:LEVEL/a} ${aws:principaltag/team}* ${k:level/a,'5'} *${k:Level/A}",
    ),
    operands: {
      string: words("5 x ${k:level/a} ${aws:PrincipalTag/team} ${K:Level/a,'5'} 5${k:level/a} true 1234"),
      'folded-string': words("5 TRUE ${k:level/a} ${aws:principalTag/Team,'True'}"),
      pattern: words("5* *5 ? ${k:level/a}* *${aws:PrincipalTag/team} 5${k:level/a} ${k:level/a,'5'}"),
      number: words('5 7 10 -1'),
      boolean: presence,
      binary: words('true 1234 AQID'),
      null: presence,
    },
  }),
  universe({
    of: 'variables beside dates and addresses',
    asked: [team, level],
    values: [
      undefined,
      '',
      ...words(
        'x 5 2026 2026-01-01 2026-01-01T00:00:00Z 2026-06-01 10.0.0.1 10.1.2.3 ::ffff:10.1.2.3 11.0.0.1 2001:db8::1',
      ),
      5,
      2026,
      [],
      [''],
      ['2026-01-01'],
      ['10.1.2.3'],
      ['2026-01-01', '2026-06-01'],
      ['10.1.2.3', '11.0.0.1'],
      ['10.1.2.3', 'x'],
      ['', '10.0.0.1'],
      ['', ''],
    ],
    keys: spellings,
    names: words('x 10.1.2.3 2026-01-01'),
    resources: words("10.* ${aws:PrincipalTag/Team} ${aws:principaltag/team}* ${k:level/a,'10.1.2.3'} ${K:LEVEL/A}?"),
    operands: {
      string: words("10.1.2.3 2026-01-01 ${k:level/a} ${aws:PrincipalTag/team} ${K:Level/a,'10.1.2.3'} x 2026"),
      'folded-string': words("X 2001:DB8::1 ${k:level/a} ${aws:principalTag/Team,'X'}"),
      pattern: words("10.* *1 2026* ${k:level/a}* *${aws:PrincipalTag/team} ${k:level/a,'x'} 1${k:level/a}"),
      date: words('2026-01-01 2026-03-01T00:00:00Z 5'),
      address: words('10.0.0.0/8 10.1.0.0/16 ::/0 2001:db8::/32 10.1.2.3 0.0.0.0/0'),
      null: presence,
    },
  }),
  universe({
    of: 'numbers and booleans that are written like texts',
    values: [undefined, ...words('2026 true x 2026-01-01'), 2026, true, 7, ['2026'], ['true'], ['2026', 'x'], []],
    keys: ['k:a', 'K:A', 'k:a', 'k:b'],
    names: ['2026', 'x'],
    resources: ['${k:a}'],
    fewest: 2,
    operands: {
      string: ['2026', 'true'],
      pattern: ['${k:b}'],
      number: ['5'],
      date: ['3000-01-01'],
      binary: ['true'],
    },
  }),
]
