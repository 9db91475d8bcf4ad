// SPDX-License-Identifier: GPL-2.0
/*
 * Which system calls a machine makes once it is in the sandbox, and with which
 * arguments where a number tells.  There is one list for all threads: they share their
 * memory, and so who owns one of them can make any other do what its list allows.
 *
 * A call that is not in the list is not carried out, and its thread gets SIGSYS, whose
 * handler says which one it was and dies.  The handler is set before the filter, and
 * setting another is not in the list.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vmm.h>
#include <linux/vmm_state.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/vmm.h"
#include "vm/console_log.h"
#include "vm/sandbox_parts.h"

/* ---- last words ------------------------------------------------------------------ */

#define NAMES		512
#define NAME_LEN	24

/* All that the handler needs is made before it: it may interrupt anything. */
static char names[NAMES][NAME_LEN];
static struct sandbox_words words[SANDBOX_WORDS];
static unsigned int nr_words;
static struct sigaction before;

static size_t put(char *line, size_t len, size_t size, const char *text)
{
	while (*text && len < size)
		line[len++] = *text++;
	return len;
}

static size_t put_number(char *line, size_t len, size_t size, unsigned int n)
{
	char digits[12];
	unsigned int i = sizeof(digits) - 1;

	digits[i] = 0;
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return put(line, len, size, digits + i);
}

static void say(unsigned int nr)
{
	char line[256];
	unsigned int i;
	size_t len;

	for (i = 0; i < nr_words; i++) {
		len = put(line, 0, sizeof(line), words[i].before);
		len = put(line, len, sizeof(line), "forbidden system call ");
		len = put_number(line, len, sizeof(line), nr);
		if (nr < NAMES && *names[nr]) {
			len = put(line, len, sizeof(line), " (");
			len = put(line, len, sizeof(line), names[nr]);
			len = put(line, len, sizeof(line), ")");
		}
		len = put(line, len, sizeof(line), words[i].after);
		/* nothing is left to do for who cannot write */
		if (write(*words[i].fd, line, len) < 0)
			continue;
	}
}

/* The handler was reset on entry.  One that was there before has a terminal to put back. */
static void forbidden(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say((unsigned int)info->si_syscall);
	if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(sig);
	/* a first process of its namespace dies of no signal but the filter's, and
	 * not even of that while it is traced */
	for (;;) {
		syscall(SYS_reboot, 0, 0, 0, 0);
		syscall(SYS_exit_group, 128 + sig);
	}
}

void sandbox_prepare(void)
{
	static bool done;
	unsigned int nr;
	char *name;

	for (nr = 0; nr < NAMES && !done; nr++) {
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							(int)nr);
		if (name)
			snprintf(names[nr], sizeof(names[nr]), "%s", name);
		free(name);
	}
	done = true;
}

int sandbox_last_words(const struct sandbox *s, struct err *err)
{
	struct sigaction sa = {
		.sa_sigaction = forbidden,
		.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER),
	};
	sigset_t set;

	sandbox_prepare();
	memcpy(words, s->words, sizeof(words));
	nr_words = s->nr_words;
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) ||
	    sigaction(SIGSYS, &sa, &before))
		return err_set(err, VMCTL_HOST, "sandbox: signals: %s",
			       strerror(errno));
	return 0;
}

/* ---- the list ---------------------------------------------------------------------- */

#define INT	0xffffffffULL	/* what the kernel looks at of an int */

/* Threads, and nothing else that clone() can make. */
#define THREAD	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define SPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
		 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | \
		 CLONE_VFORK)

/* For these the kernel knows the answer without asking the filter. */
static const int always[] = {
	/* waiting, waking and telling the time */
	SCMP_SYS(futex), SCMP_SYS(read), SCMP_SYS(write),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_create),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(restart_syscall),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(eventfd2), SCMP_SYS(signalfd4),
	/* files that are open */
	SCMP_SYS(close), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(fstat),
	SCMP_SYS(ftruncate),
	/* clients */
	SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(geteuid),
	/* memory */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	/* threads and their signals */
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getrandom),
};

/* Of the module's commands those that we use. */
static const unsigned long commands[] = {
	VMM_CREATE_VM, VMM_CREATE_MEM, VMM_VM_SET_SLOT, VMM_VM_CREATE_VCPU,
	VMM_VM_IRQ_LINE, VMM_VM_GET_CLOCK, VMM_VM_TAKE_REQUESTS, VMM_VCPU_RUN,
	VMM_VCPU_GET_REGS, VMM_VCPU_SET_REGS, VMM_VCPU_GET_SREGS,
	VMM_VCPU_SET_SREGS, VMM_VCPU_SET_MSRS, VMM_SUPPORTED_CPUID,
	VMM_VM_PAUSE, VMM_VM_RESUME, VMM_VM_GET_STATE, VMM_VM_SET_STATE,
	VMM_VCPU_GET_CPUID, VMM_MEM_FREEZE, VMM_MEM_FORK, VMM_MEM_RETURN,
};

static const unsigned long terminal_commands[] = { TCGETS, TCSETS, TIOCGPGRP };

static struct scmp_arg_cmp is(unsigned int arg, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, INT, value & INT };
}

/* Of the bits in @mask, those in @set are there and no others. */
static struct scmp_arg_cmp has_bits(unsigned int arg, uint64_t mask, uint64_t set)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, set };
}

/* Zero, or the first failure: the next call is as if it had worked. */
#define ALLOW(ctx, nr, ...) ({						\
	const struct scmp_arg_cmp cmp[] = { __VA_ARGS__ };		\
	seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, nr,		\
				     ARRAY_SIZE(cmp), cmp); })

static int add_always(scmp_filter_ctx ctx)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(always) && !ret; i++)
		ret = seccomp_rule_add_exact(ctx, SCMP_ACT_ALLOW, always[i], 0);
	return ret;
}

static int add_commands(const struct sandbox *s, scmp_filter_ctx ctx)
{
	/* of those that the filter is asked about the one that is made often: some
	 * 20 of its instructions an exit to user space */
	int ret = seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(terminal_commands) && s->terminal && !ret; i++)
		ret = ALLOW(ctx, SCMP_SYS(ioctl), is(0, STDIN_FILENO),
			    is(1, terminal_commands[i]));
	for (i = 0; i < ARRAY_SIZE(commands) && !ret; i++)
		ret = ALLOW(ctx, SCMP_SYS(ioctl), is(1, commands[i]));
	if (ret || !s->terminal)
		return ret;
	return seccomp_rule_add_exact(ctx, SCMP_ACT_ALLOW, SCMP_SYS(getpgrp), 0);
}

static int add_dir(const struct sandbox_dir *dir, scmp_filter_ctx ctx)
{
	uint64_t fd = (uint64_t)*dir->fd;
	int ret;

	switch (dir->use) {
	case SANDBOX_USE_LOG:
		ret = ALLOW(ctx, SCMP_SYS(openat), is(0, fd),
			    is(2, CONSOLE_LOG_OPEN), is(3, CONSOLE_LOG_MODE));
		return ret ? ret : ALLOW(ctx, SCMP_SYS(renameat), is(0, fd),
					 is(2, fd));
	case SANDBOX_USE_UNLINK:
		return ALLOW(ctx, SCMP_SYS(unlinkat), is(0, fd), is(2, 0));
	case SANDBOX_USE_RMDIR:
		return ALLOW(ctx, SCMP_SYS(unlinkat), is(0, fd),
			     is(2, AT_REMOVEDIR));
	}
	return -EINVAL;
}

static int add_dirs(const struct sandbox *s, scmp_filter_ctx ctx)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->dirs && !ret; i++)
		if (*s->dir[i].fd >= 0)
			ret = add_dir(&s->dir[i], ctx);
	return ret;
}

/* Calls of which only some are meant. */
static int add_some(scmp_filter_ctx ctx)
{
	int ret;

	ret = ALLOW(ctx, SCMP_SYS(mmap), has_bits(2, PROT_EXEC, 0));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(mprotect),
				has_bits(2, PROT_EXEC, 0));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(clone),
				has_bits(0, THREAD | SPACES, THREAD));
	/* its flags are in memory: the C library does with the other one */
	ret = ret ? ret : seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(ENOSYS),
						 SCMP_SYS(clone3), 0);
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(tgkill), is(0, (uint64_t)getpid()));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(prctl), is(0, PR_SET_NAME));
	/* a name for memory, which some C libraries want and do without */
	ret = ret ? ret : seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(EINVAL),
						 SCMP_SYS(prctl), 1,
						 is(0, PR_SET_VMA));
	/* the C library's own, when the first thread is made; it has no names for them */
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(rt_sigaction), is(0, 32));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(rt_sigaction), is(0, 33));
	/* a reset empties memory */
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(fallocate), is(1, VMM_MEM_EMPTY));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(newfstatat),
				has_bits(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
	ret = ret ? ret : ALLOW(ctx, SCMP_SYS(sendto),
				has_bits(4, UINT64_MAX, 0));
	return ret ? ret : ALLOW(ctx, SCMP_SYS(getsockopt), is(1, SOL_SOCKET),
				 is(2, SO_PEERCRED));
}

int sandbox_filter(struct sandbox *s, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int ret;

	if (!ctx)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS);
	ret = ret ? ret : add_commands(s, ctx);
	ret = ret ? ret : add_always(ctx);
	ret = ret ? ret : add_some(ctx);
	ret = ret ? ret : add_dirs(s, ctx);
	if (!ret) {
		/* said first: afterwards it is true or we are gone */
		sandbox_has(s, SANDBOX_SYSCALLS);
		ret = seccomp_load(ctx);
	}
	seccomp_release(ctx);
	return ret ? err_set(err, VMCTL_HOST,
			     "sandbox: cannot filter system calls: %s; try: --sandbox off",
			     strerror(-ret)) : 0;
}
