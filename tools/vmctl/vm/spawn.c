// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/spawn.h"

/* ---- the child ----------------------------------------------------------------- */

/* One write, which a pipe takes whole or not at all. */
static void say(struct spawn *s, const struct err *err)
{
	ssize_t n;

	if (s->fd < 0)
		return;
	do {
		n = write(s->fd, err, sizeof(*err));
	} while (n < 0 && errno == EINTR);
	/* a starter that has gone does not want to know */
}

static void tell(struct spawn *s, const struct err *err)
{
	say(s, err);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void spawn_step(struct spawn *s)
{
	const struct err good = { .code = VMCTL_OK };

	say(s, &good);
}

void spawn_ready(struct spawn *s)
{
	const struct err good = { .code = VMCTL_OK };

	tell(s, &good);
}

void spawn_fail(struct spawn *s, const struct err *err)
{
	struct err bad = *err;

	if (!bad.code)
		bad.code = VMCTL_FAILED;
	tell(s, &bad);
}

/* The least of @keep and @other that is at least @from; -1: none */
static int next_kept(const int *keep, int other, int from)
{
	int found = other >= from ? other : -1;

	for (; *keep >= 0; keep++)
		if (*keep >= from && (found < 0 || *keep < found))
			found = *keep;
	return found;
}

/* All but standard input, output, error, and these. */
static void close_others(const int *keep, int other)
{
	int from = 3, kept;

	while ((kept = next_kept(keep, other, from)) >= 0) {
		if (kept > from)
			close_range((unsigned int)from, (unsigned int)kept - 1,
				    0);
		from = kept + 1;
	}
	close_range((unsigned int)from, ~0U, 0);
}

/* What it inherited of its starter's terminal, directory and dispositions. */
static int detach(const int *keep, int to_starter, struct err *err)
{
	int fd = open("/dev/null", O_RDWR), sig;
	sigset_t none;

	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		return err_set(err, VMCTL_FAILED, "/dev/null: %s",
			       strerror(errno));
	close_others(keep, to_starter);
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, sig == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	if (chdir("/"))
		return err_set(err, VMCTL_FAILED, "/: %s", strerror(errno));
	return 0;
}

static int child(int (*body)(struct spawn *s, void *arg), void *arg,
		 const int *keep, int to_starter)
{
	struct spawn s = { .fd = to_starter };
	struct err err;
	int code;

	if (detach(keep, to_starter, &err)) {
		spawn_fail(&s, &err);
		return err.code;
	}
	code = body(&s, arg);
	if (s.fd >= 0)
		close(s.fd);
	return code;
}

/* ---- the starter ---------------------------------------------------------------- */

/* The second fork leaves a process that can never get a terminal. */
static void between(int (*body)(struct spawn *s, void *arg), void *arg,
		    const int *keep, bool alone, int to_starter)
{
	struct err err;
	pid_t pid;

	setsid();
	/* it is for children; without the right to it they have company */
	if (alone)
		unshare(CLONE_NEWPID);
	pid = fork();
	if (pid < 0) {
		err_set(&err, VMCTL_FAILED, "fork: %s", strerror(errno));
		spawn_fail(&(struct spawn){ .fd = to_starter }, &err);
	}
	_exit(pid ? 0 : child(body, arg, keep, to_starter));
}

static int hear(int fd, struct err *err)
{
	ssize_t n;

	/* by a signal that its starter wants to hear of */
	n = read(fd, err, sizeof(*err));
	if (n < 0 && errno == EINTR)
		return err_set(err, VMCTL_FAILED, "interrupted");
	if (n != sizeof(*err))
		return err_set(err, VMCTL_FAILED,
			       "its process died before it was ready");
	err->text[sizeof(err->text) - 1] = 0;
	return err->code ? -1 : 0;
}

int spawn_begin(struct spawned *child,
		int (*body)(struct spawn *s, void *arg), void *arg,
		const int *keep, bool alone, struct err *err)
{
	int fd[2];

	child->fd = -1;
	if (pipe2(fd, O_CLOEXEC))
		return err_set(err, VMCTL_FAILED, "pipe: %s", strerror(errno));
	child->pid = fork();
	if (!child->pid)
		between(body, arg, keep, alone, fd[1]);
	close(fd[1]);
	child->fd = fd[0];
	if (child->pid > 0)
		return 0;
	err_set(err, VMCTL_FAILED, "fork: %s", strerror(errno));
	spawn_end(child);
	return -1;
}

int spawn_hear(struct spawned *child, struct err *err)
{
	return hear(child->fd, err);
}

void spawn_end(struct spawned *child)
{
	if (child->fd < 0)
		return;
	close(child->fd);
	child->fd = -1;
	while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0 &&
	       errno == EINTR)
		;
}

int spawn(int (*body)(struct spawn *s, void *arg), void *arg, const int *keep,
	  bool alone, struct err *err)
{
	struct spawned child;
	int ret;

	if (spawn_begin(&child, body, arg, keep, alone, err))
		return -1;
	ret = spawn_hear(&child, err);
	spawn_end(&child);
	return ret;
}
