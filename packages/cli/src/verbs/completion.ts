import { buildCommand, type Command } from '@stricli/core'

import { answering } from '../answer.ts'
import type { Terminal } from '../terminal.ts'

/** What the shell calls to have a half-typed line completed; hidden from help. */
export const completeRoute = '__complete'

/** What each shell does with a half-typed line: hand it over, take one proposal per line back. */
const scripts = {
  bash: `__sallyport_complete() {
  local IFS=$'\\n'
  COMPREPLY=( $(sallyport ${completeRoute} "\${COMP_WORDS[@]:1:COMP_CWORD}") )
}
complete -o default -F __sallyport_complete sallyport`,
  zsh: `__sallyport_complete() {
  compadd -- \${(f)"$(sallyport ${completeRoute} "\${(@)words[2,CURRENT]}")"}
}
compdef __sallyport_complete sallyport`,
  fish: `complete -c sallyport -a '(sallyport ${completeRoute} (commandline -opc)[2..-1] (commandline -ct))'`,
} as const

type Shell = keyof typeof scripts

const shellNamed = (text: string): Shell => {
  if (text === 'bash' || text === 'zsh' || text === 'fish') return text
  throw new RangeError(`${text} is not one of bash, zsh, fish`)
}

/** `completion SHELL`: the script that makes the shell complete commands, flags and values. */
export const completion: Command<Terminal> = buildCommand<{ readonly json?: boolean }, [shell: Shell], Terminal>({
  docs: {
    brief: 'Print the script that completes commands and flags in bash, zsh or fish',
    fullDescription: 'For bash, put this into ~/.bashrc: source <(sallyport completion bash)',
  },
  parameters: {
    flags: { json: { kind: 'boolean', brief: 'Print JSON, for programs', optional: true, withNegated: false } },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'bash, zsh or fish',
          parse: shellNamed,
          placeholder: 'SHELL',
          proposeCompletions: () => Object.keys(scripts),
        },
      ],
    },
  },
  func: answering((_terminal, _flags, shell) =>
    Promise.resolve({ exit: 'ok', json: { shell, script: scripts[shell] }, text: scripts[shell] }),
  ),
})
