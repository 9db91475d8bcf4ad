// SPDX-License-Identifier: GPL-2.0
/*
 * A reader of a console's log beside its writer: over any number of changes of files it
 * gets each byte once, as long as it keeps up, and is told if not.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "vm/console_log.h"
#include "vm/log_reader.h"

#define LIMIT	4096	/* of both files */
#define LOTS	2000000

static char root[] = "/tmp/vmctl-reader-XXXXXX";
static struct paths paths;
static struct err err;

/* The byte at an offset: lines of seven digits that count up. */
static uint8_t byte_at(uint64_t at)
{
	char line[32];

	snprintf(line, sizeof(line), "%07u\n",
		 (unsigned int)(at / 8 % 10000000));
	return (uint8_t)line[at % 8];
}

static void put(struct console_log *log, uint64_t *at, size_t len)
{
	uint8_t data[4 * LIMIT];
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = byte_at((*at)++);
	console_log_write(log, data, len);
}

/* Reads all there is by @step; whether it goes on at @at. */
static bool read_on(struct log_reader *r, uint64_t *at, size_t step)
{
	uint8_t data[1000];
	ssize_t n, i;

	for (;;) {
		n = log_reader_read(r, data, step, &err);
		if (n <= 0)
			return !n;
		for (i = 0; i < n; i++)
			if (data[i] != byte_at((*at)++))
				return false;
	}
}

static void test_turns(void)
{
	uint64_t at = 0, seen = 0;
	struct console_log log;
	struct log_reader r;
	unsigned int i, bad = 0;

	log_reader_open(&r, &paths, "web", &err);
	tap_ok(read_on(&r, &seen, 100) && !seen, "no log, no bytes");
	console_log_open(&log, &paths, "web", LIMIT, &err);
	tap_ok(read_on(&r, &seen, 100) && !seen, "nor in an empty one");
	for (i = 0; i < 500; i++) {
		/* at most one change of files between two reads */
		put(&log, &at, 1 + i * 7919 % (LIMIT / 2 - 1));
		bad += !read_on(&r, &seen, 1 + i * 31 % 1000) || seen != at ||
		       r.gap;
	}
	tap_ok(!bad && at > 100 * LIMIT, "each byte once over many files: %llu",
	       (unsigned long long)seen);
	log_reader_close(&r);

	put(&log, &at, LIMIT / 2);
	log_reader_open(&r, &paths, "web", &err);
	seen = at - log.size;
	if (!faccessat(log.dir, "console.log.1", F_OK, 0))
		seen -= LIMIT / 2;
	tap_ok(read_on(&r, &seen, 1000) && seen == at && !r.gap,
	       "a late one begins at the oldest");
	put(&log, &at, 3 * LIMIT);
	tap_ok(!read_on(&r, &seen, 1000) && r.gap && seen < at,
	       "one that is too slow is told so");
	log_reader_close(&r);
	console_log_close(&log);
	console_log_remove(&paths, "web", &err);
}

/* Two processes: up to the first gap, if there is one, all must be in order. */
static void test_race(void)
{
	struct console_log log;
	struct log_reader r;
	uint64_t at = 0, seen = 0;
	bool good, alive;
	pid_t pid;

	/* both begin at the first byte */
	console_log_open(&log, &paths, "web", LIMIT, &err);
	log_reader_open(&r, &paths, "web", &err);
	put(&log, &at, 1);
	read_on(&r, &seen, 1);
	pid = fork();
	if (!pid) {
		while (at < LOTS) {
			put(&log, &at, 100 + at % 777);
			usleep(20);	/* as a guest would */
		}
		console_log_close(&log);
		_exit(0);
	}
	do {
		/* looked at first: what it wrote is there then */
		alive = !waitpid(pid, NULL, WNOHANG);
		good = read_on(&r, &seen, 1000);
	} while (good && !r.gap && alive);
	tap_ok((good && seen >= LOTS) || r.gap,
	       "a writer beside it: %llu bytes, then %s",
	       (unsigned long long)seen, r.gap ? "a gap" : "the end");
	log_reader_close(&r);
	console_log_close(&log);
	if (alive)
		waitpid(pid, NULL, 0);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(root))
		return 1;
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	test_turns();
	test_race();
	tap_ok(log_reader_open(&(struct log_reader){}, &paths, "../x", &err) &&
	       err.code == VMCTL_USAGE, "names are names");
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command) ? 1 : tap_done();
}
