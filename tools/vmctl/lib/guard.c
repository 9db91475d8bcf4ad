// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/guard.h"

/* Only its end of the socket, as number 3: whoever reads what this process writes shall see its end. */
static void let_go_of_files(int end)
{
	int null = open("/dev/null", O_RDWR), fd;

	for (fd = 0; fd < 3; fd++)
		dup2(null, fd);
	dup2(end, 3);
	close_range(4, ~0U, 0);
}

/* All is well if a byte comes. */
static void stand_by(void (*undo)(void *arg), void *arg)
{
	ssize_t n;
	char c;

	do {
		n = read(3, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		undo(arg);
	_exit(0);
}

int guard_begin(struct guard *g, void (*undo)(void *arg), void *arg,
		struct err *err)
{
	int fd[2];

	g->fd = -1;
	/* who writes to a pipe may be killed by that, too */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return err_set(err, VMCTL_FAILED, "socketpair: %s",
			       strerror(errno));
	g->pid = fork();
	if (!g->pid) {
		setsid();
		let_go_of_files(fd[0]);
		stand_by(undo, arg);
	}
	close(fd[0]);
	if (g->pid > 0) {
		g->fd = fd[1];
		return 0;
	}
	close(fd[1]);
	return err_set(err, VMCTL_FAILED, "fork: %s", strerror(errno));
}

void guard_end(struct guard *g)
{
	if (g->fd < 0)
		return;
	while (send(g->fd, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	close(g->fd);
	g->fd = -1;
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
