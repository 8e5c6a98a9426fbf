import { exitCodes, helpTexts } from '../../packages/cli/src/index.ts'

/** docs/cli.md: every command's own help, and what each exit code means. */
export function commandsDocument(): string {
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  const commands = helpTexts().map(([route, help]) => `## ${route}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`)
  return [
    '# The sallyport command\n',
    'Made from the commands themselves by `node -C source scripts/docs.ts`; do not edit.\n',
    'Every command takes `--json`; `up` and `dev` hand the terminal to the server. A flag that is not known is an',
    'error, never ignored. Colours appear on a terminal only, and never when `NO_COLOR` is set.\n',
    '## Exit codes\n',
    '| Code | Meaning |',
    '|---|---|',
    ...codes,
    '| 130, 143 | A signal ended `attack` (SIGINT, SIGTERM); what it had started is gone. |',
    '',
    ...commands,
  ].join('\n')
}
