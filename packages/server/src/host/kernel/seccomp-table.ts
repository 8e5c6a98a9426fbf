/** Numbers of one system call: x86-64 and arm64 (the generic table). Absent where that machine has no such call. */
export interface SyscallNumbers {
  readonly x64?: number
  readonly arm64?: number
}

/**
 * What an ordinary program needs: Node, Python, Go, a shell and its tools were watched. Name, x86-64, arm64 (`-` = no
 * such call there). Lines that begin with `//` say what the calls below them are for.
 */
const allowedTable = `
// Files, by name and by descriptor.
read 0 63  write 1 64  open 2 -  close 3 57  stat 4 -  fstat 5 80  lstat 6 -  newfstatat 262 79  statx 332 291
poll 7 -  ppoll 271 73  lseek 8 62  pread64 17 67  pwrite64 18 68  readv 19 65  writev 20 66  preadv 295 69
pwritev 296 70  preadv2 327 286  pwritev2 328 287  access 21 -  faccessat 269 48  faccessat2 439 439  pipe 22 -
pipe2 293 59  select 23 -  pselect6 270 72  dup 32 23  dup2 33 -  dup3 292 24  fcntl 72 25  flock 73 32
fsync 74 82  fdatasync 75 83  truncate 76 45  ftruncate 77 46  fallocate 285 47  getdents 78 -  getdents64 217 61
getcwd 79 17  chdir 80 49  fchdir 81 50  rename 82 -  renameat 264 38  renameat2 316 276  mkdir 83 -
mkdirat 258 34  rmdir 84 -  creat 85 -  openat 257 56  openat2 437 437  link 86 -  linkat 265 37  unlink 87 -
unlinkat 263 35  symlink 88 -  symlinkat 266 36  readlink 89 -  readlinkat 267 78  mknod 133 -  mknodat 259 33
chmod 90 -  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452  chown 92 -  fchown 93 55  lchown 94 -
fchownat 260 54  umask 95 166  utime 132 -  utimes 235 -  futimesat 261 -  utimensat 280 88  statfs 137 43
fstatfs 138 44  sendfile 40 71  splice 275 76  copy_file_range 326 285  fadvise64 221 223  readahead 187 213
sync_file_range 277 84  close_range 436 436  setxattr 188 5  lsetxattr 189 6  fsetxattr 190 7  getxattr 191 8
lgetxattr 192 9  fgetxattr 193 10  listxattr 194 11  llistxattr 195 12  flistxattr 196 13  removexattr 197 14
lremovexattr 198 15  fremovexattr 199 16
// Waiting for several at once, and descriptors that stand for something else than a file.
epoll_create 213 -  epoll_create1 291 20  epoll_ctl 233 21  epoll_wait 232 -  epoll_pwait 281 22
epoll_pwait2 441 441  eventfd 284 -  eventfd2 290 19  signalfd 282 -  signalfd4 289 74  timerfd_create 283 85
timerfd_settime 286 86  timerfd_gettime 287 87  inotify_init 253 -  inotify_init1 294 26  inotify_add_watch 254 27
inotify_rm_watch 255 28  memfd_create 319 279
// Memory, protection keys among it: V8 guards its compiled code with them.
mmap 9 222  mprotect 10 226  munmap 11 215  brk 12 214  mremap 25 216  msync 26 227  mincore 27 232
madvise 28 233  mlock 149 228  munlock 150 229  mlock2 325 284  mlockall 151 230  munlockall 152 231
membarrier 324 283  pkey_mprotect 329 288  pkey_alloc 330 289  pkey_free 331 290  mseal 462 462
// Processes and threads; clone stands apart, for its flags.
fork 57 -  vfork 58 -  execve 59 221  execveat 322 281  exit 60 93  exit_group 231 94  wait4 61 260  waitid 247 95
kill 62 129  tkill 200 130  tgkill 234 131  getpid 39 172  getppid 110 173  gettid 186 178  getpgid 121 155
getpgrp 111 -  setpgid 109 154  getsid 124 156  setsid 112 157  set_tid_address 218 96  set_robust_list 273 99
get_robust_list 274 100  rseq 334 293  arch_prctl 158 -  prctl 157 167  pidfd_open 434 434
pidfd_send_signal 424 424  getrlimit 97 163  getrusage 98 165  times 100 153
uname 63 160  sysinfo 99 179  getpriority 140 141  setpriority 141 140  sched_yield 24 124
sched_getaffinity 204 123  sched_setaffinity 203 122  sched_getparam 143 121  sched_setparam 142 118
sched_getscheduler 145 120  sched_setscheduler 144 119  sched_get_priority_max 146 125
sched_get_priority_min 147 126  sched_rr_get_interval 148 127  sched_getattr 315 275  sched_setattr 314 274
getcpu 309 168  capget 125 90  futex 202 98  futex_waitv 449 449
// Who one is: inside a box there is one user, so that these change nothing.
getuid 102 174  geteuid 107 175  getresuid 118 148  getgid 104 176  getegid 108 177  getresgid 120 150
getgroups 115 158  setuid 105 146  setgid 106 144  setreuid 113 145  setregid 114 143  setresuid 117 147
setresgid 119 149
// Signals and time.
rt_sigaction 13 134  rt_sigprocmask 14 135  rt_sigreturn 15 139  rt_sigpending 127 136  rt_sigtimedwait 128 137
rt_sigsuspend 130 133  rt_sigqueueinfo 129 138  rt_tgsigqueueinfo 297 240  sigaltstack 131 132
restart_syscall 219 128  pause 34 -  alarm 37 -  getitimer 36 102  setitimer 38 103  timer_create 222 107
timer_settime 223 110  timer_gettime 224 108  timer_getoverrun 225 109  timer_delete 226 111  gettimeofday 96 169
time 201 -  clock_gettime 228 113  clock_getres 229 114  clock_nanosleep 230 115  nanosleep 35 101
// Sockets; socket and socketpair stand apart, for their families.
connect 42 203  accept 43 202  accept4 288 242  bind 49 200  listen 50 201  getsockname 51 204  getpeername 52 205
setsockopt 54 208  getsockopt 55 209  sendto 44 206  recvfrom 45 207  sendmsg 46 211  recvmsg 47 212
sendmmsg 307 269  recvmmsg 299 243  shutdown 48 210
// Randomness, and what lets a program narrow itself further.
getrandom 318 278  seccomp 317 277  landlock_create_ruleset 444 444  landlock_add_rule 445 445
landlock_restrict_self 446 446
`

/** Calls that pass whatever their arguments. */
export const allowedCalls: ReadonlyMap<string, SyscallNumbers> = readTable(allowedTable)

/**
 * Each call that is refused by name, grouped by what an attacker would want it for. A program learns from EPERM that
 * it may not, and from the ENOSYS of every other call that it must do without.
 */
const refusedTable = `
mount 165 40            umount2 166 39          pivot_root 155 41       chroot 161 51
open_tree 428 428       move_mount 429 429      fsopen 430 430          fsconfig 431 431
fsmount 432 432         fspick 433 433          mount_setattr 442 442   unshare 272 97
setns 308 268           ptrace 101 117          process_vm_readv 310 270 process_vm_writev 311 271
pidfd_getfd 438 438     kcmp 312 272            process_madvise 440 440 process_mrelease 448 448
kexec_load 246 104      kexec_file_load 320 294 init_module 175 105     finit_module 313 273
delete_module 176 106   create_module 174 -     query_module 178 -      get_kernel_syms 177 -
bpf 321 280             perf_event_open 298 241 userfaultfd 323 282     fanotify_init 300 262
add_key 248 217         request_key 249 218     keyctl 250 219          lookup_dcookie 212 18
name_to_handle_at 303 264 open_by_handle_at 304 265 quotactl 179 60     quotactl_fd 443 443
swapon 167 224          swapoff 168 225         reboot 169 142          acct 163 89
settimeofday 164 170    clock_settime 227 112   clock_adjtime 305 266   adjtimex 159 171
io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427 syslog 103 116
iopl 172 -              ioperm 173 -            personality 135 92      modify_ldt 154 -
mbind 237 235           set_mempolicy 238 237   get_mempolicy 239 236   migrate_pages 256 238
move_pages 279 239      set_mempolicy_home_node 450 450 sethostname 170 161 setdomainname 171 162
uselib 134 -            ustat 136 -             sysfs 139 -             nfsservctl 180 42
_sysctl 156 -           vhangup 153 58          afs_syscall 183 -       tuxcall 184 -
security 185 -          getpmsg 181 -           putpmsg 182 -           vserver 236 -
epoll_ctl_old 214 -     epoll_wait_old 215 -    remap_file_pages 216 234  fanotify_mark 301 263
capset 126 91           setgroups 116 159       sync 162 81             syncfs 306 267
`

/** Calls that answer EPERM. */
export const refusedCalls: ReadonlyMap<string, SyscallNumbers> = readTable(refusedTable)

function readTable(table: string): ReadonlyMap<string, SyscallNumbers> {
  const lines = table.split('\n').filter((line) => !line.startsWith('//'))
  return new Map(
    [...lines.join(' ').matchAll(/(\w+) (\d+|-) (\d+|-)/g)].map(([, name = '', x64 = '', arm64 = '']) => [
      name,
      { ...(x64 === '-' ? {} : { x64: Number(x64) }), ...(arm64 === '-' ? {} : { arm64: Number(arm64) }) },
    ]),
  )
}

/** What the filter needs to know of one machine. */
export interface SeccompMachine {
  /** AUDIT_ARCH_* of the calls that may pass; any other kills. */
  readonly auditArch: number
  /** Calls at or above this number belong to another ABI and kill (x32); absent where there is none. */
  readonly foreignAbiFrom?: number
  readonly clone: number
  readonly ioctl: number
  readonly socket: number
  readonly socketpair: number
  readonly setrlimit: number
  readonly prlimit64: number
}

/** The machines whose call numbers we know, by Node's name for them. */
export const machines: Readonly<Record<'x64' | 'arm64', SeccompMachine>> = {
  x64: {
    auditArch: 0xc000003e,
    foreignAbiFrom: 0x40000000,
    clone: 56,
    ioctl: 16,
    socket: 41,
    socketpair: 53,
    setrlimit: 160,
    prlimit64: 302,
  },
  arm64: {
    auditArch: 0xc00000b7,
    clone: 220,
    ioctl: 29,
    socket: 198,
    socketpair: 199,
    setrlimit: 164,
    prlimit64: 261,
  },
}
