/** Numbers of one system call: x86-64 and arm64 (the generic table). Absent where that machine has no such call. */
export interface SyscallNumbers {
  readonly x64?: number
  readonly arm64?: number
}

/** Each refused call: name, x86-64, arm64 (`-` = no such call). Grouped by what an attacker would want it for. */
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
epoll_ctl_old 214 -     epoll_wait_old 215 -    remap_file_pages 216 234
`

/** Calls that always answer EPERM. */
export const refusedCalls: ReadonlyMap<string, SyscallNumbers> = new Map(
  [...refusedTable.matchAll(/(\w+) (\d+) (\d+|-)/g)].map(([, name = '', x64 = '', arm64 = '']) => [
    name,
    arm64 === '-' ? { x64: Number(x64) } : { x64: Number(x64), arm64: Number(arm64) },
  ]),
)

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
}

/** The machines whose call numbers we know, by Node's name for them. */
export const machines: Readonly<Record<'x64' | 'arm64', SeccompMachine>> = {
  x64: { auditArch: 0xc000003e, foreignAbiFrom: 0x40000000, clone: 56, ioctl: 16, socket: 41, socketpair: 53 },
  arm64: { auditArch: 0xc00000b7, clone: 220, ioctl: 29, socket: 198, socketpair: 199 },
}

/** The same number everywhere. Its flags lie in memory, where a filter cannot look; libc falls back to clone. */
export const clone3 = 435

/** The newest call this table was written with (mseal). Newer ones answer ENOSYS until somebody has judged them. */
export const newestKnownCall = 462
