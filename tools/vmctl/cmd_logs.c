// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/note.h"
#include "vm/console_log.h"
#include "vm/keeper.h"
#include "vm/log_reader.h"
#include "vm/reach.h"
#include "vm/runtime.h"

#define CHUNK		16384
#define LOOK_MS		200	/* whether its process has gone */
#define MAX_LINES	1000000

/* What it writes while it is read must not keep us from an end. */
#define MOST		(2 * CONSOLE_LOG_LIMIT)

/** struct view - @lines: only so many at first; UINT64_MAX: all */
struct view {
	struct reach reach;
	struct log_reader reader;
	uint64_t lines;
	bool follow;
};

static int put(struct view *v, const char *data, size_t len, struct err *err)
{
	if (v->reader.gap)
		note("logs: %s: some is gone: it was written faster than it was read",
		     v->reach.name);
	v->reader.gap = false;
	if (fwrite(data, 1, len, stdout) == len)
		return 0;
	return err_set(err, VMCTL_FAILED, "standard output: %s",
		       strerror(errno));
}

/* All there is now, as far as @size goes; how much, or -1 */
static ssize_t gather(struct view *v, char *data, size_t size, struct err *err)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size) {
		n = log_reader_read(&v->reader, data + len, size - len, err);
		len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? -1 : (ssize_t)len;
}

/* Where the last @lines lines begin. */
static size_t last_lines(const char *data, size_t len, uint64_t lines)
{
	size_t at = len;

	if (lines == UINT64_MAX)
		return 0;
	if (!lines)
		return len;
	/* the end of the last line does not begin another */
	if (at && data[at - 1] == '\n')
		at--;
	while (at && (data[at - 1] != '\n' || --lines))
		at--;
	return at;
}

static int print_begin(struct view *v, struct err *err)
{
	char *data = malloc(MOST);
	ssize_t len;
	size_t at;
	int ret;

	if (!data)
		return err_set(err, VMCTL_FAILED, "out of memory");
	len = gather(v, data, MOST, err);
	ret = len < 0 ? -1 : 0;
	if (!ret) {
		at = last_lines(data, (size_t)len, v->lines);
		ret = put(v, data + at, (size_t)len - at, err);
	}
	free(data);
	return ret;
}

/* What has come; @len of it. */
static int print_more(struct view *v, size_t *len, struct err *err)
{
	char data[CHUNK];
	ssize_t n = log_reader_read(&v->reader, data, sizeof(data), err);

	*len = n > 0 ? (size_t)n : 0;
	return n < 0 || (n && put(v, data, (size_t)n, err)) ? -1 : 0;
}

static void wait_for_more(int watch)
{
	struct pollfd pfd = { .fd = watch, .events = POLLIN };
	char events[4096];

	/* without a watch, looking now and then will do */
	poll(&pfd, 1, LOOK_MS);
	while (watch >= 0 && read(watch, events, sizeof(events)) > 0)
		;
}

/* Until the machine's process has gone, and all it wrote is out. */
static int follow(struct view *v, struct keeper *k, struct err *err)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), ret;
	bool alive;
	size_t len;

	if (watch >= 0)
		inotify_add_watch(watch, v->reader.dir,
				  IN_MODIFY | IN_CREATE | IN_MOVE);
	do {
		/* looked at first: what it wrote before its end is there then */
		alive = k->lock >= 0 && runtime_held(k->lock);
		do {
			ret = print_more(v, &len, err);
		} while (!ret && len);
		fflush(stdout);
		if (!ret && alive)
			wait_for_more(watch);
	} while (!ret && alive);
	if (watch >= 0)
		close(watch);
	return ret;
}

static int print(struct view *v, struct err *err)
{
	struct keeper k;
	int ret;

	if (log_reader_open(&v->reader, &v->reach.paths, v->reach.name, err))
		return -1;
	keeper_find(&k, v->reach.name);
	/* a log is reason enough to believe in a machine */
	if (access(v->reader.path, F_OK) && access(v->reader.older, F_OK) &&
	    reach_defined(&v->reach, err))
		return -1;
	ret = print_begin(v, err);
	if (!ret && v->follow)
		ret = follow(v, &k, err);
	keeper_forget(&k);
	log_reader_close(&v->reader);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct view v = { .lines = UINT64_MAX };
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == 'f')
			v.follow = true;
		else if (id != 'n' ||
			 args_number(&a, "-n", 0, MAX_LINES, &v.lines))
			return VMCTL_USAGE;
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (reach_find(&v.reach, operands[0], &err) || print(&v, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'f', "follow", NULL, "then what comes, until the VM ends" },
	{ 'n', "lines", "LINES", "only so many of the last" },
	{}
};

static const char *const operands[] = { "DEFINITION", NULL };

const struct command cmd_logs = {
	.name = "logs",
	.summary = "Print the log of a VM's console",
	.usage = "[-f] [-n LINES] NAME",
	.options = options,
	.operands = operands,
	.help =
"The log has what VMs of this name wrote in the background, whether or not one\n"
"runs.  Lines of vmctl's own stand in brackets.\n",
	.run = run,
};
