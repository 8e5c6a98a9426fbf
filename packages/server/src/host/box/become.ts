import type { Tools } from '../tools.ts'

// Whoever runs this writes 0, which is itself, into each file, and only then becomes somebody else: control groups v1
// let nobody but root put in the process of another user.
const joinAndBecome = `
become=$1 uid=$2
shift 2
while [[ $1 != -- ]]; do
  echo 0 >"$1" || exit 1
  shift
done
shift
[[ $uid ]] || exec "$@"
exec "$become" --reuid "$uid" --regid "$uid" --clear-groups -- "$@"
`

/**
 * The command that runs `command` in these control groups (see `BoxGroup.entrances`), as this user where one is named.
 * What the groups bound is bounded from its first instruction.
 */
export function joining(
  { bash, setpriv }: Pick<Tools, 'bash' | 'setpriv'>,
  entrances: readonly string[],
  uid: number | undefined,
  command: readonly string[],
): readonly [program: string, ...argv: string[]] {
  const who = uid === undefined ? '' : String(uid)
  // `--norc`: bash takes a socket as standard input for a remote login, and would read the start-up files of root.
  const script = ['--norc', '--noprofile', '-c', joinAndBecome, 'pod', setpriv, who]
  return [bash, ...script, ...entrances, '--', ...command]
}
