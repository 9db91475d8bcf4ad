// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest wrote, kept: the ring against a plain array; the log in files of
 * bounded size, on a disk that fills up and has room again.  The full disk is a limit
 * on the size of files, which cuts writes short in the same way.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "vm/console_log.h"
#include "vm/scroll.h"

static struct err err;
static struct paths paths;
static char root[] = "/tmp/vmctl-log-XXXXXX";
static char file[PATHS_LEN], older[PATHS_LEN];

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)('a' + (i * 7 + i / 26) % 26);
}

/* ---- the ring -------------------------------------------------------------------- */

static void test_scroll(void)
{
	static uint8_t buf[61], all[20000], out[100];
	unsigned int i, bad = 0, step;
	struct scroll s;
	uint64_t at;
	size_t len;

	for (i = 0; i < sizeof(all); i++)
		all[i] = pattern(i);
	scroll_init(&s, buf, sizeof(buf));
	at = 5;
	tap_ok(!scroll_get(&s, &at, out, sizeof(out)) && !at,
	       "an empty ring has nothing, and an offset to come is the end");
	for (i = 0; s.end + 200 < sizeof(all); i++) {
		step = (i * 37) % 150;
		scroll_put(&s, all + s.end, step);
		at = s.end > 90 ? s.end - 90 + i % 40 : 0;
		bad += scroll_start(&s) !=
		       (s.end > sizeof(buf) ? s.end - sizeof(buf) : 0);
		len = scroll_get(&s, &at, out, i % sizeof(out));
		bad += at < scroll_start(&s) || at + len > s.end ||
		       memcmp(out, all + at, len) ||
		       (len < i % sizeof(out) && at + len != s.end);
	}
	tap_ok(i > 100 && !bad, "the last bytes, at their offsets");
}

/* ---- the log --------------------------------------------------------------------- */

static char *contents(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = 0;
	return text;
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static void write_pattern(struct console_log *log, uint64_t *at, size_t len)
{
	uint8_t data[1000];
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = pattern((*at)++);
	console_log_write(log, data, len);
}

static void test_bounds(void)
{
	struct console_log log;
	unsigned int i, bad = 0;
	uint64_t at = 0, from;
	const char *p;

	tap_ok(!console_log_open(&log, &paths, "web", 4000, &err), "a log");
	for (i = 0; i < 100; i++) {
		write_pattern(&log, &at, 1 + i * 9 % 1000);
		bad += size_of(file) > 2000 || size_of(older) > 2000;
	}
	console_log_close(&log);
	tap_ok(!bad, "two files, each within its bound");
	tap_ok(size_of(older) == 2000, "the older one full");
	from = at - (uint64_t)size_of(file);
	for (p = contents(file); *p; p++)
		bad += (uint8_t)*p != pattern(from++);
	tap_ok(!bad && from == at, "the last bytes are in the file");
	from = at - (uint64_t)size_of(file) - 2000;
	for (p = contents(older); *p; p++)
		bad += (uint8_t)*p != pattern(from++);
	tap_ok(!bad && !log.lost, "and those before in the older one");
}

static void test_again(void)
{
	struct console_log log;
	off_t before = size_of(file);

	console_log_open(&log, &paths, "web", 4000, &err);
	console_log_write(&log, (const uint8_t *)"more", 4);
	console_log_close(&log);
	tap_ok(size_of(file) == before + 4, "another run goes on behind it");
	tap_ok(!truncate(file, 5000) &&
	       !console_log_open(&log, &paths, "web", 4000, &err), "too large");
	console_log_write(&log, (const uint8_t *)"new", 3);
	console_log_close(&log);
	tap_ok(!strcmp(contents(file), "new") && size_of(older) == 5000,
	       "a file that is too large already makes room");
}

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_full(void)
{
	struct console_log log;
	uint64_t at = 0;
	char *text;

	console_log_open(&log, &paths, "web", 40000, &err);
	fflush(stdout);
	limit_files(150);
	write_pattern(&log, &at, 100);
	write_pattern(&log, &at, 100);
	write_pattern(&log, &at, 1000);
	limit_files(RLIM_INFINITY);
	tap_ok(size_of(file) == 150 && log.lost == 1050,
	       "a full disk: what fits is there, the rest counted");
	limit_files(170);
	write_pattern(&log, &at, 10);
	limit_files(RLIM_INFINITY);
	tap_ok(size_of(file) == 150 && log.lost == 1060,
	       "no half of a line on what is missing");
	console_log_write(&log, (const uint8_t *)"again", 5);
	console_log_close(&log);
	text = contents(file);
	tap_ok(strstr(text, "\n[vmctl: 1060 bytes are missing here: ") &&
	       !strcmp(text + strlen(text) - 7, "]\nagain"),
	       "room again: the log says how much is missing, and goes on");
}

static void test_missed(void)
{
	struct console_log log;

	console_log_remove(&paths, "web", &err);
	console_log_open(&log, &paths, "web", 400, &err);
	console_log_miss(&log, 7);
	console_log_miss(&log, 5);
	console_log_close(&log);
	tap_ok(!strcmp(contents(file),
		       "\n[vmctl: 12 bytes are missing here: they came too fast]\n"),
	       "what never came is told at the end, too");
}

static void test_places(void)
{
	struct console_log log;
	char dir[PATHS_LEN];

	tap_ok(!console_log_remove(&paths, "web", &err) && size_of(file) < 0 &&
	       size_of(older) < 0, "removed");
	tap_ok(!console_log_remove(&paths, "web", &err), "what is not there, too");
	paths_join(dir, paths.log, "web", "", &err);
	mkdir(dir, 0700);
	if (symlink("/dev/null", file))
		abort();
	tap_ok(console_log_open(&log, &paths, "web", 400, &err),
	       "a link in its place is not followed");
	unlink(file);
	mkfifo(file, 0600);
	tap_ok(console_log_open(&log, &paths, "web", 400, &err),
	       "nor is a pipe waited for");
	tap_ok(console_log_open(&log, &paths, "../web", 400, &err),
	       "names are checked");
}

/* Lines of ours stand by themselves, whatever was written before. */
static void test_mark(void)
{
	static const uint8_t half[] = { 'h', 'a', 'l', 'f' };
	struct console_log log;

	console_log_remove(&paths, "web", &err);
	console_log_open(&log, &paths, "web", 65536, &err);
	console_log_mark(&log, "begins");
	console_log_write(&log, half, sizeof(half));
	console_log_mark(&log, "ends: badly\n  more\n  and more");
	console_log_close(&log);
	tap_ok(!strcmp(contents(file),
		       "[vmctl: begins]\nhalf\n[vmctl: ends: badly]\n  more\n  and more\n"),
	       "marks are lines of their own");
	console_log_open(&log, &paths, "web", 65536, &err);
	console_log_write(&log, half, sizeof(half));
	console_log_close(&log);
	console_log_open(&log, &paths, "web", 65536, &err);
	console_log_mark(&log, "again");
	console_log_close(&log);
	tap_ok(strstr(contents(file), "  and more\nhalf\n[vmctl: again]\n"),
	       "behind a run that was cut short, too");
}

/* What never ran leaves nothing; what has a past keeps it. */
static void test_nothing(void)
{
	struct console_log log;

	console_log_remove(&paths, "new", &err);
	tap_ok(!console_log_open(&log, &paths, "new", 65536, &err) &&
	       !faccessat(log.dir, "console.log", F_OK, 0),
	       "a log that is open is a file");
	console_log_close(&log);
	tap_ok(access(log.where, F_OK), "one that has nothing is none");
	console_log_open(&log, &paths, "new", 65536, &err);
	console_log_mark(&log, "once");
	console_log_close(&log);
	console_log_open(&log, &paths, "new", 65536, &err);
	console_log_close(&log);
	tap_ok(!access(log.where, F_OK), "one that has a past stays");
	console_log_remove(&paths, "new", &err);
	console_log_open(&log, &paths, "new", 65536, &err);
	log.stays = true;
	console_log_close(&log);
	tap_ok(!access(log.where, F_OK), "and one that must use no names");
	console_log_remove(&paths, "new", &err);
}

int main(void)
{
	char command[64];

	signal(SIGXFSZ, SIG_IGN);
	test_scroll();
	if (!mkdtemp(root))
		return 1;
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	snprintf(file, sizeof(file), "%s/log/web/console.log", root);
	snprintf(older, sizeof(older), "%s/log/web/console.log.1", root);
	test_bounds();
	test_again();
	console_log_remove(&paths, "web", &err);
	test_full();
	test_missed();
	test_places();
	test_mark();
	test_nothing();
	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		return 1;
	return tap_done();
}
