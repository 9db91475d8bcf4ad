/* SPDX-License-Identifier: GPL-2.0 */
/* System calls that an intruder would make in the sandbox, and that it forbids. */
#ifndef VMCTL_SANDBOX_CALLS_H
#define VMCTL_SANDBOX_CALLS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vmm.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/** struct call - a system call, by number as an intruder makes it */
struct call {
	const char *name;
	long nr, arg[6];
};

static const struct itimerspec never;
static char *const no_args[] = { NULL };
static const struct sockaddr_in local = {
	.sin_family = AF_INET, .sin_port = 0x1600,
};
static char stack[65536];

#define AT	AT_FDCWD
#define P(text)	((long)(text))
#define RW	(PROT_READ | PROT_WRITE)

static const struct call calls[] = {
	{ "open", SYS_open, { P("/etc/passwd"), O_RDONLY } },
	{ "openat", SYS_openat, { AT, P("/etc/passwd"), O_RDONLY } },
	{ "openat", SYS_openat, { AT, P("/proc/1/mem"), O_RDWR } },
	{ "openat2", SYS_openat2, { AT, P("/etc/passwd"), P(&never), 24 } },
	{ "creat", SYS_creat, { P("/tmp/x"), 0600 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { AT, P(&never), 0 } },
	{ "execve", SYS_execve, { P("/bin/sh"), P(no_args), P(no_args) } },
	{ "execveat", SYS_execveat, { 0, P(""), P(no_args), P(no_args), AT_EMPTY_PATH } },
	{ "fork", SYS_fork, {} },
	{ "vfork", SYS_vfork, {} },
	{ "clone", SYS_clone, { SIGCHLD } },
	{ "clone", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "clone", SYS_clone, { CLONE_VM | CLONE_VFORK, P(stack + 32768) } },
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socket", SYS_socket, { AF_NETLINK, SOCK_RAW, 16 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, P(stack) } },
	{ "connect", SYS_connect, { 0, P(&local), sizeof(local) } },
	{ "bind", SYS_bind, { 0, P(&local), sizeof(local) } },
	{ "listen", SYS_listen, { 0, 1 } },
	{ "sendto", SYS_sendto, { 0, P("x"), 1, 0, P(&local), sizeof(local) } },
	{ "setsockopt", SYS_setsockopt, { 0, SOL_SOCKET, SO_BROADCAST, P(&never), 4 } },
	{ "getsockopt", SYS_getsockopt, { 0, SOL_SOCKET, SO_TYPE, P(stack), P(stack) } },
	{ "kill", SYS_kill, { 1, 0 } },
	{ "kill", SYS_kill, { -1, SIGTERM } },
	{ "tgkill", SYS_tgkill, { 1, 1, 0 } },
	{ "tkill", SYS_tkill, { 1, 0 } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 1, SIGTERM, P(stack) } },
	{ "pidfd_open", SYS_pidfd_open, { 1, 0 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { 0, 0, 0 } },
	{ "ptrace", SYS_ptrace, { 16, 1, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1, P(stack), 1, P(stack), 1, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 1, P(stack), 1, P(stack), 1, 0 } },
	{ "kcmp", SYS_kcmp, { 1, 1, 0, 0, 0 } },
	{ "mount", SYS_mount, { P("none"), P("/"), P("tmpfs"), 0, 0 } },
	{ "umount2", SYS_umount2, { P("/"), 2 } },
	{ "open_tree", SYS_open_tree, { AT, P("/"), 0 } },
	{ "move_mount", SYS_move_mount, { 0, P(""), AT, P("/"), 0 } },
	{ "pivot_root", SYS_pivot_root, { P("."), P(".") } },
	{ "chroot", SYS_chroot, { P("/") } },
	{ "chdir", SYS_chdir, { P("..") } },
	{ "fchdir", SYS_fchdir, { 0 } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", SYS_setns, { 0, 0 } },
	{ "mmap", SYS_mmap, { 0, 4096, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "mmap", SYS_mmap, { 0, 4096, PROT_EXEC, MAP_SHARED, 0, 0 } },
	{ "mprotect", SYS_mprotect, { P(&never), 4096, PROT_READ | PROT_EXEC } },
	{ "pkey_mprotect", SYS_pkey_mprotect, { P(&never), 4096, PROT_EXEC, -1 } },
	{ "memfd_create", SYS_memfd_create, { P("x"), 0 } },
	{ "shmat", SYS_shmat, { 0, 0, 0 } },
	{ "shmget", SYS_shmget, { 1, 4096, 0600 } },
	{ "msgget", SYS_msgget, { 1, 0600 } },
	{ "semget", SYS_semget, { 1, 1, 0600 } },
	{ "mq_open", SYS_mq_open, { P("/x"), O_RDWR | O_CREAT, 0600, 0 } },
	{ "ioctl", SYS_ioctl, { 0, TIOCSTI, P("x") } },
	{ "ioctl", SYS_ioctl, { 0, FIONREAD, P(stack) } },
	{ "ioctl", SYS_ioctl, { 0, VMM_VM_KILL, 0 } },
	{ "ioctl", SYS_ioctl, { 0, VMM_VM_IOEVENTFD, P(stack) } },
	{ "ioctl", SYS_ioctl, { 0, VMM_VCPU_SET_CPUID, P(stack) } },
	{ "ioctl", SYS_ioctl, { 0, 0xae00, 0 } },
	{ "dup", SYS_dup, { 0 } },
	{ "dup2", SYS_dup2, { 0, 1 } },
	{ "fcntl", SYS_fcntl, { 0, F_DUPFD, 0 } },
	{ "pipe2", SYS_pipe2, { P(stack), 0 } },
	{ "renameat", SYS_renameat, { AT, P("/tmp/a"), AT, P("/tmp/b") } },
	{ "rename", SYS_rename, { P("/tmp/a"), P("/tmp/b") } },
	{ "unlink", SYS_unlink, { P("/tmp/a") } },
	{ "unlinkat", SYS_unlinkat, { AT, P("/tmp/a"), 0 } },
	{ "linkat", SYS_linkat, { AT, P("/tmp/a"), AT, P("/tmp/b"), 0 } },
	{ "symlinkat", SYS_symlinkat, { P("/"), AT, P("/tmp/b") } },
	{ "mkdirat", SYS_mkdirat, { AT, P("/tmp/b"), 0700 } },
	{ "mknodat", SYS_mknodat, { AT, P("/tmp/b"), S_IFCHR | 0600, 0x103 } },
	{ "fchmod", SYS_fchmod, { 0, 04755 } },
	{ "fchmodat", SYS_fchmodat, { AT, P("/"), 0777 } },
	{ "fchownat", SYS_fchownat, { AT, P("/"), 0, 0, 0 } },
	{ "truncate", SYS_truncate, { P("/tmp/a"), 0 } },
	{ "readlink", SYS_readlink, { P("/proc/self/exe"), P(stack), 8 } },
	{ "getdents64", SYS_getdents64, { 0, P(stack), 64 } },
	{ "statx", SYS_statx, { AT, P("/etc"), 0, 0, P(stack) } },
	{ "inotify_init1", SYS_inotify_init1, { 0 } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "setresuid", SYS_setresuid, { 0, 0, 0 } },
	{ "setgroups", SYS_setgroups, { 0, 0 } },
	{ "capset", SYS_capset, { P(stack), P(stack) } },
	{ "prlimit64", SYS_prlimit64, { 0, RLIMIT_CORE, P(&never), 0 } },
	{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
	{ "prctl", SYS_prctl, { PR_SET_SECCOMP, 1 } },
	{ "seccomp", SYS_seccomp, { 1, 0, 0 } },
	{ "rt_sigaction", SYS_rt_sigaction, { SIGSYS, 0, 0, 8 } },
	{ "arch_prctl", SYS_arch_prctl, { 0x1003, P(stack) } },
	{ "personality", SYS_personality, { 0x0400000 } },
	{ "sched_setaffinity", SYS_sched_setaffinity, { 0, 8, P(stack) } },
	{ "setpriority", SYS_setpriority, { 0, 0, -20 } },
	{ "mlock", SYS_mlock, { P(stack), 4096 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, P(stack) } },
	{ "bpf", SYS_bpf, { 0, P(stack), 16 } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "perf_event_open", SYS_perf_event_open, { P(stack), 0, -1, -1, 0 } },
	{ "add_key", SYS_add_key, { P("user"), P("x"), P("x"), 1, -1 } },
	{ "keyctl", SYS_keyctl, { 0, -3 } },
	{ "init_module", SYS_init_module, { P(stack), 8, P("") } },
	{ "finit_module", SYS_finit_module, { 0, P(""), 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0 } },
	{ "sethostname", SYS_sethostname, { P("x"), 1 } },
	{ "settimeofday", SYS_settimeofday, { P(&never), 0 } },
	{ "swapon", SYS_swapon, { P("/tmp/a"), 0 } },
	{ "syslog", SYS_syslog, { 3, P(stack), 8 } },
	{ "iopl", SYS_iopl, { 3 } },
	{ "modify_ldt", SYS_modify_ldt, { 0, P(stack), 8 } },
};

#endif
