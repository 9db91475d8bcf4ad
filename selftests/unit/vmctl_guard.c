// SPDX-License-Identifier: GPL-2.0
/* A guard undoes what a process has done that is killed, and else nothing. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/guard.h"
#include "tap.h"

static char dir[] = "/tmp/vmctl-guard-XXXXXX";
static char path[64];

/* What it has: nothing but the standard files and its socket. */
static void undo(void *arg)
{
	const char *word = arg;
	int fd, open_files = 0;

	for (fd = 0; fd < 1000; fd++)
		open_files += fcntl(fd, F_GETFD) >= 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	dprintf(fd, "%s %d %d", word, open_files, getsid(0) == getpid());
	close(fd);
}

static bool undone(const char *wanted)
{
	char text[64] = "";
	unsigned int n;
	int fd = -1;

	for (n = 0; n < 200 && !*text; n++) {
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
			abort();
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
	unlink(path);
	return !strcmp(text, wanted);
}

/* A process with a guard, that ends by @sig, or well if that is 0. */
static void one(int sig, const char *wanted, const char *what)
{
	char word[] = "undone";
	struct guard g;
	struct err err;
	int out[2];
	pid_t pid;

	if (pipe(out))
		abort();
	pid = fork();
	if (!pid) {
		if (guard_begin(&g, undo, word, &err))
			_exit(1);
		if (sig)
			kill(getpid(), sig);
		guard_end(&g);
		guard_end(&g);
		_exit(0);
	}
	close(out[1]);
	waitpid(pid, NULL, 0);
	tap_ok(poll(&(struct pollfd){ .fd = out[0], .events = POLLIN }, 1,
		    5000) == 1, "%s: who reads its output sees the end", what);
	close(out[0]);
	if (*wanted)
		tap_ok(undone(wanted), "%s: it is undone, by a bare process", what);
	else
		tap_ok(access(path, F_OK), "%s: nothing is undone", what);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/undone", dir);
	one(SIGKILL, "undone 4 1", "killed");
	one(SIGTERM, "undone 4 1", "terminated");
	one(0, "", "all is well");
	rmdir(dir);
	return tap_done();
}
