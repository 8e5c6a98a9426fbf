import {
  type ArgumentScannerError,
  ArgumentScannerError as ScannerError,
  formatMessageForArgumentScannerError,
} from '@stricli/core'

/** What is wrong with a command line, in one clause: which word, and what could stand there. */
export function describeBadArguments(error: unknown): string {
  if (!(error instanceof ScannerError)) return error instanceof Error ? error.message : String(error)
  return describeScan(error)
}

function describeScan(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) =>
      `there is no flag --${input}${didYouMean(corrections.map((one) => `--${one}`))}`,
    AliasNotFoundError: ({ input }) => `there is no flag -${input}`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception, input }) => {
      const why = exception instanceof Error ? exception.message : `${input} does not fit`
      return `${/^[a-z]/.test(name) ? `--${name}` : name}: ${why}`
    },
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `--${externalFlagName} is one of ${values.join(', ')}, not ${input}`,
    UnsatisfiedFlagError: ({ externalFlagName, nextFlagName }) =>
      `--${externalFlagName} needs a value${nextFlagName === undefined ? '' : `, and --${nextFlagName} follows`}`,
    UnexpectedPositionalError: ({ expectedCount, input }) =>
      `"${input}" is a word too many: ${expectedCount === 0 ? 'none is taken here' : `${expectedCount} at most`}`,
    UnsatisfiedPositionalError: ({ placeholder, limit }) =>
      limit === undefined ? `${placeholder} is missing` : `${placeholder}: ${limit[0]} at least, and here ${limit[1]}`,
    InvalidNegatedFlagSyntaxError: ({ externalFlagName, valueText }) =>
      `--${externalFlagName} takes no value, and here is "${valueText}"`,
    UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
      `--${externalFlagName} stands twice: "${previousInput}" and "${input}"`,
  })
}

/** `, did you mean a or b?`; nothing where nothing is near. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`
}
