# What root does last, in the process that becomes the server. Arguments: the lines for uid_map and gid_map, how many
# descriptors after the first three are the server's, folders to lay over, `--`, what of them is seen all the same, `--`,
# the server.
# A helper makes the user namespace, so that this process can write what is mapped there, and what fails, fails as root
# and is told by the server that is then started as it. In the end nothing of root's is kept: no descriptor beyond
# those, no supplementary group, no folder.
map=$1 last=$((2 + $2)) path=$PATH
shift 2
PATH=/usr/bin:/bin:/usr/sbin:/sbin
covers=() shown=() sources=()
while [[ $1 != -- ]]; do covers+=("$1") && shift; done && shift
while [[ $1 != -- ]]; do shown+=("$1") && shift; done && shift
server=("$@")

fail() {
  export SALLYPORT_ROOT_REFUSED=$1 PATH=$path
  exec "${server[@]}"
}

coproc space { exec unshare --user -- bash --norc --noprofile -c 'echo made; read -r _' 2>&1; }
helper=$space_PID
read -r said <&"${space[0]}"
[[ $said == made ]] || fail "no user namespace: $said"
for kind in uid gid; do
  # The kernel takes all lines in one write, which bash's own printf does not do.
  said=$({ cat <<<"$map" >"/proc/$helper/${kind}_map"; } 2>&1) || fail "these uids cannot be mapped: $said"
done
exec {kept}<"/proc/$helper/ns/user" || fail 'the user namespace is gone'
eval "exec ${space[1]}>&-"
wait "$helper"

# This is a mount namespace of our own where anything is laid over. The server has no right in it, so it stays.
for one in "${shown[@]}"; do
  exec {from}<"$one" || fail "$one cannot be opened"
  sources+=("$from")
done
for one in "${covers[@]}"; do
  said=$(mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev tmpfs "$one" 2>&1) || fail "no view of the files: $said"
done
for at in "${!shown[@]}"; do
  one=${shown[at]} from=/proc/self/fd/${sources[at]}
  if [[ -d $from ]]; then mkdir -p -- "$one"; else mkdir -p -- "${one%/*}" && : >"$one"; fi
  said=$(mount --no-canonicalize --rbind "$from" "$one" 2>&1) || fail "no view of $one: $said"
done

cd /
exec nsenter --user="/proc/self/fd/$kept" --setuid 0 --setgid 0 -- bash --norc --noprofile -c '
  for f in /proc/self/fd/*; do f=${f##*/}; ((f > $1)) && eval "exec $f>&-"; done
  PATH=$2
  shift 2
  exec "$@"' sallyport "$last" "$path" "${server[@]}"
