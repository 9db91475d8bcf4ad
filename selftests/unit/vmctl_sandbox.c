// SPDX-License-Identifier: GPL-2.0
/*
 * What a process can and cannot do in the sandbox, as a guest that owns it would try:
 * each attempt is made by a child that has entered as a machine in the background does,
 * by root, by a user, and where the kernel has neither namespaces nor Landlock.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/vmm.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "tap.h"
#include "vm/console_log.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"
#include "vm/thread.h"

#define UID	12345	/* of a user who is nobody else */
#define LIMIT	2000	/* of the log */

static char root[] = "/tmp/vmctl-sandbox-XXXXXX";
static struct paths paths;
static struct err err;

/* The sanitizer is no part of what is shipped. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "use_sigaltstack=0";
}

/* Without what the sanitizer does before an end that it sees: it is not allowed. */
static __attribute__((noipa)) void leave(int code)
{
	syscall(SYS_exit_group, code);
}

/** struct world - what a machine's process has when it enters */
static struct world {
	struct console_log log;
	struct runtime rt;
	struct sandbox sandbox;
	int words, listener;
} w;

/** struct kernel - what the one that we simulate refuses; @whole_list: is tried there */
static struct kernel {
	const char *who;
	uid_t uid;
	bool no_spaces, no_landlock, whole_list;
} kernel;

/* ---- entering ---------------------------------------------------------------------- */

static void refuse(scmp_filter_ctx ctx, int error, int nr)
{
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(error), nr, 0))
		abort();
}

/* As whoever confined us already, or an old kernel, would have it. */
static void simulate(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (!ctx)
		abort();
	if (kernel.no_spaces)
		refuse(ctx, EPERM, SCMP_SYS(unshare));
	if (kernel.no_landlock)
		refuse(ctx, ENOSYS, SCMP_SYS(landlock_create_ruleset));
	if ((kernel.no_spaces || kernel.no_landlock) && seccomp_load(ctx))
		abort();
	seccomp_release(ctx);
}

static void become(uid_t uid)
{
	if (uid != geteuid() &&
	    (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	     setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1)))
		abort();	/* the last as an execve() would */
}

static void prepare(enum sandbox_mode mode)
{
	char path[PATHS_LEN];

	become(kernel.uid);
	simulate();
	umask(077);
	thread_block_signals();
	if (runtime_claim(&w.rt, &paths, "web", &err) ||
	    console_log_open(&w.log, &paths, "web", LIMIT, &err)) {
		fprintf(stderr, "# %s\n", err.text);
		abort();
	}
	if (paths_join(path, w.rt.dir, "control", "", &err))
		abort();
	w.listener = local_listen(path, SOCK_STREAM, &err);
	sandbox_init(&w.sandbox, mode);
	w.sandbox.files = 8;
	w.sandbox.file_size = LIMIT;
	sandbox_keep_dir(&w.sandbox, &w.log.dir, w.log.where, SANDBOX_USE_LOG);
	sandbox_keep_dir(&w.sandbox, &w.rt.at, w.rt.dir, SANDBOX_USE_UNLINK);
	sandbox_keep_dir(&w.sandbox, &w.rt.above, paths.run,
			 SANDBOX_USE_RMDIR);
	sandbox_tell(&w.sandbox, &w.words, "<", ">");
}

/** struct outcome - @value: what the attempt returned, or 1000: it never did */
struct outcome {
	int signal, value;
	char words[128];
};

#define NEVER	1000

static struct outcome collect(pid_t pid, int words, int result)
{
	struct outcome o = { .value = NEVER };
	int status;
	ssize_t n;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		o.signal = WTERMSIG(status);
	n = read(words, o.words, sizeof(o.words) - 1);
	o.words[n > 0 ? n : 0] = 0;
	if (read(result, &o.value, sizeof(o.value)) != sizeof(o.value))
		o.value = NEVER;
	close(words);
	close(result);
	return o;
}

/* Lets a child in the sandbox do @attempt(@arg). */
static struct outcome inside(int (*attempt)(const void *arg), const void *arg)
{
	int words[2], result[2], value;
	pid_t pid;

	if (pipe(words) || pipe(result))
		abort();
	pid = fork();
	if (!pid) {
		w.words = words[1];
		prepare(SANDBOX_ON);
		if (sandbox_enter(&w.sandbox, &err)) {
			fprintf(stderr, "# %s\n", err.text);
			leave(1);
		}
		value = attempt(arg);
		if (write(result[1], &value, sizeof(value)) < 0)
			leave(1);
		leave(0);
	}
	close(words[1]);
	close(result[1]);
	return collect(pid, words[0], result[0]);
}

/* ---- calls that are forbidden -------------------------------------------------------- */

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

static int make_call(const void *arg)
{
	const struct call *c = arg;

	return syscall(c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3],
		       c->arg[4], c->arg[5]) < 0 ? errno : 0;
}

static void test_forbidden(void)
{
	unsigned int i, bad = 0;
	struct outcome o;
	char want[128];

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		o = inside(make_call, &calls[i]);
		snprintf(want, sizeof(want), "<forbidden system call %ld (%s)>",
			 calls[i].nr, calls[i].name);
		if (o.signal == SIGSYS && o.value == NEVER &&
		    !strcmp(o.words, want))
			continue;
		tap_note("%s: signal %d, value %d, words %s", calls[i].name,
			 o.signal, o.value, o.words);
		bad++;
	}
	tap_ok(!bad, "%s: %zu forbidden calls end the process, and it says which: %u do not",
	       kernel.who, ARRAY_SIZE(calls), bad);
}

/* By the gates of 32-bit programs and of x32. */
static int old_gate(const void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) : "a" (20L) : "memory");
	return (int)ret;
}

static int x32_gate(const void *arg)
{
	return (int)syscall(0x40000000L | SYS_getpid);
}

static void test_gates(void)
{
	struct outcome o = inside(old_gate, NULL), x = inside(x32_gate, NULL);

	tap_ok(o.signal && o.value == NEVER, "%s: nor by another gate",
	       kernel.who);
	tap_ok(x.signal && x.value == NEVER, "%s: or in another ABI",
	       kernel.who);
}

/* ---- names that lead out --------------------------------------------------------------- */

static const char *const ways_out[] = {
	"/etc/passwd", "../../etc/web.conf", "../web/../../etc/web.conf",
	"../../../../../../../../etc/passwd", "../lab/console.log",
	"/proc/self/mem", "/dev/null", "link",
};

static int open_out(const void *arg)
{
	return openat(w.log.dir, arg, CONSOLE_LOG_OPEN, CONSOLE_LOG_MODE) < 0 ?
	       errno : 0;
}

static int rename_in(const void *arg)
{
	return renameat(w.log.dir, arg, w.log.dir, "stolen") ? errno : 0;
}

static int rename_out(const void *arg)
{
	return renameat(w.log.dir, "console.log", w.log.dir, arg) ? errno : 0;
}

static int unlink_out(const void *arg)
{
	return unlinkat(w.rt.at, arg, 0) ? errno : 0;
}

static int rmdir_out(const void *arg)
{
	return unlinkat(w.rt.above, arg, AT_REMOVEDIR) ? errno : 0;
}

static void make_targets(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p etc log/web log/lab run/lab out/empty && "
		 "echo cpus 1 >etc/web.conf && echo 1 >log/lab/console.log && "
		 "echo 1 >run/lab/lock && ln -sf ../../etc/web.conf log/web/link && "
		 "chmod -R go-rwx . && chown -R %u:%u .", root, kernel.uid,
		 kernel.uid);
	if (system(command))
		abort();
}

/* All that is there, and what is in it. */
static unsigned long fingerprint(void)
{
	unsigned long sum = 0;
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command),
		 "cd %s && { find etc out log/lab run/lab -printf '%%p %%i '; "
		 "cat etc/web.conf log/lab/console.log; } | cksum", root);
	f = popen(command, "r");
	if (!f || fscanf(f, "%lu", &sum) != 1)
		abort();
	pclose(f);
	return sum;
}

static bool kept_out(const char *what, int (*attempt)(const void *arg),
		     const char *name)
{
	struct outcome o = inside(attempt, name);

	/* without confinement there is no directory to begin with */
	if ((o.value && o.value != NEVER) ||
	    (o.value == NEVER && o.signal == SIGSYS))
		return true;
	tap_note("%s %s: signal %d, value %d", what, name, o.signal, o.value);
	return false;
}

static void test_ways_out(void)
{
	unsigned long was;
	unsigned int i, bad = 0;

	make_targets();
	was = fingerprint();
	for (i = 0; i < ARRAY_SIZE(ways_out); i++) {
		bad += !kept_out("open", open_out, ways_out[i]);
		if (strcmp(ways_out[i], "link"))
			bad += !kept_out("rename", rename_in, ways_out[i]);
		if (strcmp(ways_out[i], "link"))
			bad += !kept_out("rename to", rename_out, ways_out[i]);
		bad += !kept_out("unlink", unlink_out, ways_out[i]);
	}
	bad += !kept_out("unlink", unlink_out, "../lab/lock");
	bad += !kept_out("rmdir", rmdir_out, "../out/empty");
	bad += !kept_out("rmdir", rmdir_out, "lab");
	tap_ok(!bad, "%s: no name leads out: %u do", kernel.who, bad);
	tap_ok(fingerprint() == was, "%s: all is as it was", kernel.who);
}

/* ---- what works ------------------------------------------------------------------------- */

static void *allocate(void *arg)
{
	unsigned int i;
	char *p;

	thread_name("worker");
	thread_allow_kick();
	for (i = 0; i < 64; i++) {
		p = malloc(1 << (i % 22));
		if (!p)
			return arg;
		memset(p, 1, 1 << (i % 22));
		free(p);
	}
	return NULL;
}

static int threads(const void *arg)
{
	pthread_t thread[4];
	unsigned int i, bad = 0;
	void *ret;

	for (i = 0; i < ARRAY_SIZE(thread); i++)
		if (pthread_create(&thread[i], NULL, allocate, &bad))
			return errno;
	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		thread_join(thread[i]);
		bad += pthread_join(thread[i], &ret) == 0 && ret;
	}
	return (int)bad;
}

/* Words of each kind: numbers, times, errors, the terminal's. */
static int words(const void *arg)
{
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "%g %s %s", 1.5, strerror(ENOSPC),
		 sigabbrev_np(SIGTERM));
	return strncmp(text, "1.5 ", 4);
}

static int log_turns(const void *arg)
{
	static const uint8_t line[100] = { [0 ... 98] = 'x', '\n' };
	unsigned int i;

	for (i = 0; i < 100; i++)
		console_log_write(&w.log, line, sizeof(line));
	console_log_mark(&w.log, "ended");
	return w.log.lost ? w.log.error : 0;
}

static int tidy(const void *arg)
{
	runtime_release(&w.rt);
	return 0;
}

static int too_large(const void *arg)
{
	static char much[LIMIT];

	if (write(w.log.fd, much, sizeof(much)) != sizeof(much))
		return -1;
	return write(w.log.fd, much, 1) < 0 ? errno : 0;
}

static int too_many(const void *arg)
{
	unsigned int n = 0;

	while (n < 100 && eventfd(0, EFD_CLOEXEC) >= 0)
		n++;
	return n < 100 ? errno : 0;
}

static off_t size_of(const char *name)
{
	char path[PATHS_LEN];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return stat(path, &st) ? -1 : st.st_size;
}

static void remove_log(void)
{
	console_log_remove(&paths, "web", &err);
}

static void test_works(void)
{
	bool confined = !kernel.no_spaces || !kernel.no_landlock;
	struct outcome o;

	o = inside(threads, NULL);
	tap_ok(!o.value, "%s: threads come, allocate, and go: %d, %d %s",
	       kernel.who, o.value, o.signal, o.words);
	o = inside(words, NULL);
	tap_ok(!o.value, "%s: words are found %s", kernel.who, o.words);
	remove_log();
	o = inside(log_turns, NULL);
	if (confined)
		tap_ok(!o.value && size_of("log/web/console.log.1") == LIMIT / 2,
		       "%s: the log goes on in another file", kernel.who);
	else
		tap_ok(o.value == EFBIG && size_of("log/web/console.log") == LIMIT / 2,
		       "%s: the log ends at its limit, and counts", kernel.who);
	remove_log();
	o = inside(too_large, NULL);
	tap_ok(o.value == EFBIG, "%s: no file grows beyond that %d", kernel.who,
	       o.value);
	remove_log();
	o = inside(too_many, NULL);
	tap_ok(o.value == EMFILE, "%s: nor the number of open ones: %d",
	       kernel.who, o.value);
	o = inside(tidy, NULL);
	tap_ok(!o.value && (size_of("run/web") < 0) == confined,
	       "%s: it tidies up if it can do nothing else there", kernel.who);
}

/* ---- who may speak to it ------------------------------------------------------------------ */

static int serve(const void *arg)
{
	struct pollfd p = { .fd = w.listener, .events = POLLIN };
	int fd;

	if (write(w.words, "up", 2) != 2 || poll(&p, 1, 10000) != 1)
		return -1;
	fd = accept4(w.listener, NULL, NULL, SOCK_CLOEXEC);
	return fd >= 0 && local_allowed(fd) ? 0 : EACCES;
}

/* A client that is root, while the machine may be another's. */
static void test_root_speaks(void)
{
	char path[PATHS_LEN];
	struct outcome o;
	pid_t pid = fork();
	int tries;

	if (!pid) {
		snprintf(path, sizeof(path), "%s/run/web/control", root);
		for (tries = 0; tries < 100; tries++) {
			if (local_connect(path, SOCK_STREAM, &err) >= 0)
				break;
			usleep(100000);
		}
		sleep(1);
		leave(0);
	}
	o = inside(serve, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(!o.value, "%s: root may speak to it", kernel.who);
}

/* ---- as others see it ----------------------------------------------------------------------- */

static void status_line(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	FILE *f;

	*value = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			snprintf(value, size, "%s", line + strlen(key) + 2);
	if (f)
		fclose(f);
	value[strcspn(value, "\n")] = 0;
}

static bool status_is(pid_t pid, const char *key, const char *want)
{
	char value[128];

	status_line(pid, key, value, sizeof(value));
	if (!strcmp(value, want))
		return true;
	tap_note("%s: %s, not %s", key, value, want);
	return false;
}

static bool same_space(pid_t pid, const char *name)
{
	char path[64], ours[64] = "", its[64] = "?";

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (readlink(path, ours, sizeof(ours) - 1) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return readlink(path, its, sizeof(its) - 1) > 0 && !strcmp(ours, its);
}

static unsigned int entries_of(pid_t pid, const char *what)
{
	char command[128];
	unsigned int n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "ls -A /proc/%d/%s | wc -l",
		 (int)pid, what);
	f = popen(command, "r");
	if (!f || fscanf(f, "%u", &n) != 1)
		n = 9999;
	if (f)
		pclose(f);
	return n;
}

static void look_at(pid_t pid)
{
	static const char *const sets[] = {
		"CapInh", "CapPrm", "CapEff", "CapAmb",
	};
	static const char *const spaces[] = { "mnt", "net", "ipc", "uts", "cgroup" };
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		bad += !status_is(pid, sets[i], "0000000000000000");
	/* who never had the right to lower it has no use for it */
	if (!kernel.uid || !kernel.no_spaces)
		bad += !status_is(pid, "CapBnd", "0000000000000000");
	bad += !status_is(pid, "NoNewPrivs", "1") ||
	       !status_is(pid, "Seccomp", "2");
	if (!kernel.uid)
		bad += !status_is(pid, "Groups", " ") && !status_is(pid, "Groups", "");
	tap_ok(!bad, "%s: no privileges, and none to come", kernel.who);
	for (i = bad = 0; i < ARRAY_SIZE(spaces); i++)
		bad += same_space(pid, spaces[i]) != kernel.no_spaces;
	tap_ok(!bad, "%s: %s", kernel.who, kernel.no_spaces ?
	       "no spaces of its own" : "spaces of its own");
	if (!kernel.no_spaces)
		tap_ok(!entries_of(pid, "root") && !entries_of(pid, "cwd"),
		       "%s: whose root is empty", kernel.who);
}

static void report_and_wait(int fd)
{
	struct { unsigned int has; char lacks[256]; } out;
	char c;

	out.has = w.sandbox.has;
	sandbox_lacks(&w.sandbox, out.lacks, sizeof(out.lacks));
	if (write(fd, &out, sizeof(out)) == sizeof(out) && read(fd, &c, 1) < 0)
		leave(1);
	leave(0);
}

static void test_seen(void)
{
	struct { unsigned int has; char lacks[256]; } in = {};
	unsigned int all = (1U << SANDBOX_PARTS) - 1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	pid = fork();
	if (!pid) {
		close(pair[0]);
		w.words = STDERR_FILENO;
		prepare(SANDBOX_ON);
		if (sandbox_enter(&w.sandbox, &err))
			leave(1);
		report_and_wait(pair[1]);
	}
	close(pair[1]);
	tap_ok(read(pair[0], &in, sizeof(in)) == sizeof(in), "%s: it is in",
	       kernel.who);
	look_at(pid);
	all &= ~(1U << SANDBOX_PROCESSES);
	if (kernel.uid)
		in.has |= 1U << SANDBOX_GROUPS;	/* not missed */
	if (kernel.no_spaces)
		all &= (1U << SANDBOX_ROOT) - 1;
	if (kernel.no_landlock)
		all &= ~(1U << SANDBOX_LANDLOCK);
	tap_ok(in.has == all, "%s: it knows what it has: %#x", kernel.who, in.has);
	tap_ok(!strstr(in.lacks, "root, network, ipc, names, cgroups (Operation not permitted)") ==
	       !kernel.no_spaces &&
	       !strstr(in.lacks, "landlock (Function not implemented)") ==
	       !kernel.no_landlock && !*in.lacks ==
	       !(kernel.no_spaces || kernel.no_landlock),
	       "%s: and what lacks: %s", kernel.who, in.lacks);
	close(pair[0]);
	waitpid(pid, NULL, 0);
}

static void test_modes(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		prepare(SANDBOX_REQUIRED);
		leave(sandbox_enter(&w.sandbox, &err) ? err.code : 0);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) ==
	       (kernel.no_spaces || kernel.no_landlock ? VMCTL_HOST : 0),
	       "%s: required: %s", kernel.who,
	       kernel.no_spaces || kernel.no_landlock ? "refused" : "granted");
	pid = fork();
	if (!pid) {
		prepare(SANDBOX_OFF);
		if (sandbox_enter(&w.sandbox, &err) || w.sandbox.has)
			leave(1);
		leave(open("/dev/null", O_RDONLY) < 0);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "%s: off is off", kernel.who);
}

/* ------------------------------------------------------------------------------------------- */

/* Whether whoever confines this test lets @uid make namespaces. */
static bool has_spaces(uid_t uid)
{
	int status = 0, fd;
	pid_t pid = fork();
	char map[32];

	if (!pid) {
		become(uid);
		if (!unshare(CLONE_NEWNS | CLONE_NEWNET))
			leave(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
			leave(1);
		fd = open("/proc/self/uid_map", O_WRONLY);
		leave(write(fd, map, strlen(map)) < 0 ||
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	}
	waitpid(pid, &status, 0);
	return !status;
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

static void test_all(struct kernel as)
{
	if (!as.no_spaces && !has_spaces(as.uid)) {
		tap_skip("no namespaces can be made here");
		as.no_spaces = true;
	}
	if (!as.no_landlock && !has_landlock()) {
		tap_skip("no Landlock here");
		as.no_landlock = true;
	}
	kernel = as;
	make_targets();
	test_seen();
	test_modes();
	/* the list is one: spaces would only cost time */
	kernel.no_spaces = true;
	if (as.whole_list)
		test_forbidden();
	test_gates();
	kernel = as;
	test_works();
	test_ways_out();
	if (!geteuid())
		test_root_speaks();
}

static bool make_places(void)
{
	if (!mkdtemp(root))
		return false;
	snprintf(paths.conf, sizeof(paths.conf), "%s/etc", root);
	snprintf(paths.run, sizeof(paths.run), "%s/run", root);
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	return true;
}

int main(void)
{
	char command[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	sandbox_close_others();
	tap_ok(fcntl(STDERR_FILENO, F_GETFD) >= 0 && open("/", O_PATH) == 3,
	       "what was inherited is closed");
	if (!tap_ok(make_places(), "a place"))
		return tap_done();
	if (!geteuid()) {
		test_all((struct kernel){ .who = "root", .whole_list = true });
		test_all((struct kernel){ .who = "a user", .uid = UID,
			 .whole_list = true });
		test_all((struct kernel){ .who = "root without Landlock",
			 .no_landlock = true });
		test_all((struct kernel){ .who = "a user without spaces",
			 .uid = UID, .no_spaces = true });
		test_all((struct kernel){ .who = "root without both",
			 .no_spaces = true, .no_landlock = true });
	} else {
		test_all((struct kernel){ .who = "a user", .uid = geteuid(),
			 .whole_list = true });
	}
	snprintf(command, sizeof(command), "rm -r %s", root);
	tap_ok(!system(command), "nothing is left");
	return tap_done();
}
