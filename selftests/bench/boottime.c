// SPDX-License-Identifier: GPL-2.0
/*
 * boottime [-m TEXT] COMMAND...: what a monitor costs from its start.
 *
 * Prints "mark N" when the command's output holds TEXT, and "end N" when it is gone, with
 * N in ticks of the time-stamp counter since before it was started, less those in which
 * the processor was idle: where the clock counts instructions, instructions. Without TEXT
 * the output is dropped by the kernel and costs no reader. The status is the command's.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "busy.h"
#include "guest.h"

/* Does nothing; for whoever looks on from outside, as in the guest's code. */
#define MARK(what) do { \
	asm volatile("nopl %c0(%%rax)" :: "i"(what) : "memory"); \
} while (0)

static pid_t start(char **argv, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(null, 0);
	dup2(out < 0 ? null : out, 1);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* 1 when the text has come, 0 at the end of all output. The rest is only drained. */
static int await(int fd, const char *mark)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += n;
		text[len] = 0;
		if (mark && strstr(text, mark))
			return 1;
		if (!mark || len == sizeof(text) - 1)
			len = 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mark = NULL;
	uint64_t begun;
	int fds[2] = { -1, -1 }, status, opt;
	pid_t pid;

	while ((opt = getopt(argc, argv, "+m:")) != -1) {
		if (opt != 'm')
			return 2;
		mark = optarg;
	}
	if (optind == argc)
		errx(2, "usage: boottime [-m TEXT] COMMAND...");
	if (mark && pipe2(fds, O_CLOEXEC))
		err(1, "pipe");
	busy();
	begun = busy();
	MARK(MARK_ON);
	pid = start(argv + optind, fds[1]);
	if (pid < 0)
		err(1, "fork");
	if (mark) {
		close(fds[1]);
		if (await(fds[0], mark))
			printf("mark %llu\n", (unsigned long long)(busy() - begun));
		await(fds[0], NULL);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "wait");
	MARK(MARK_OFF);
	printf("end %llu\n", (unsigned long long)(busy() - begun));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
