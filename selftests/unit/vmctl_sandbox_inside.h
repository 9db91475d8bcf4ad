/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attempts inside the sandbox: each is made by a child that has entered as a machine in
 * the background does, on a kernel that grants what kernel says.
 */
#ifndef VMCTL_SANDBOX_INSIDE_H
#define VMCTL_SANDBOX_INSIDE_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/local.h"
#include "vm/console_log.h"
#include "vm/place.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"
#include "vm/thread.h"

#define LIMIT	2000	/* of the log */

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
	struct place place;
	struct sandbox sandbox;
	int words, listener;
} w;

/** struct kernel - what the one that we simulate refuses */
static struct kernel {
	const char *who;
	uid_t uid;
	bool no_spaces, no_landlock;
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

/* A group as vm/place.h enters one, but of plain files. */
static void enter_group(void)
{
	struct place *p = &w.place;
	char path[PATHS_LEN];

	strcpy(p->group, "web");
	if (paths_join(p->base_path, paths.run, "groups", "", &err) ||
	    paths_join(path, p->base_path, "web", "", &err))
		abort();
	mkdir(paths.run, 0777);
	mkdir(p->base_path, 0777);
	mkdir(path, 0777);
	p->base = open(p->base_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->end = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (p->base < 0 || p->end < 0)
		abort();
	sandbox_keep_dir(&w.sandbox, &p->base, p->base_path,
			 SANDBOX_USE_RMDIR);
}

static void prepare(enum sandbox_mode mode)
{
	char path[PATHS_LEN];

	if (kernel.uid != geteuid() &&
	    (setgroups(0, NULL) ||
	     setresgid(kernel.uid, kernel.uid, kernel.uid) ||
	     setresuid(kernel.uid, kernel.uid, kernel.uid) ||
	     prctl(PR_SET_DUMPABLE, 1)))
		abort();	/* the last as an execve() would */
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
	enter_group();
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

#endif
