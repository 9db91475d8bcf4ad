// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "lib/container.h"
#include "snap_work.h"

static volatile sig_atomic_t told_to_stop;

static void stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static bool go_on(struct snap_watcher *watcher, uint64_t done, uint64_t total)
{
	struct snap_work *w = container_of(watcher, struct snap_work, watcher);

	progress_tell(&w->progress, done, total);
	return !told_to_stop;
}

void snap_work_begin(struct snap_work *w, const char *what, bool quiet)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	/* who waits for a pipe is woken */
	struct sigaction sa = { .sa_handler = stop };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	w->watcher.go_on = go_on;
	progress_init(&w->progress, what, quiet);
}

void snap_work_end(struct snap_work *w)
{
	progress_end(&w->progress);
}

int snap_work_read(struct snap_work *w, struct snap_reader *r, struct err *err)
{
	int ret;

	do {
		if (!go_on(&w->watcher, r->in.at, r->size))
			return snap_interrupted(err);
		ret = snap_read_frame(r, err);
	} while (ret > 0);
	return ret;
}

const char *snap_time_text(char buf[SNAP_TIME_TEXT], uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	buf[0] = 0;
	if (gmtime_r(&seconds, &tm))
		strftime(buf, SNAP_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}
