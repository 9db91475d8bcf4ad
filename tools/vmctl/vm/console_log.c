// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/name.h"
#include "vm/console_log.h"

#define NEWER	"console.log"
#define OLDER	"console.log.1"

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

static int find(char dir[PATHS_LEN], const struct paths *paths,
		const char *name, struct err *err)
{
	return name_check(name, err) ||
	       paths_join(dir, paths->log, name, "", err) ? -1 : 0;
}

/* Sets @fd and @size, or @fd to -1 and errno. */
static int open_file(struct console_log *log)
{
	struct stat st;

	if (log->dir < 0) {
		errno = EFBIG;
		return -1;
	}
	log->fd = openat(log->dir, NEWER, CONSOLE_LOG_OPEN, CONSOLE_LOG_MODE);
	if (log->fd < 0)
		return -1;
	if (!fstat(log->fd, &st) && S_ISREG(st.st_mode)) {
		log->size = (uint64_t)st.st_size;
		return 0;
	}
	close(log->fd);
	log->fd = -1;
	errno = EINVAL;
	return -1;
}

int console_log_open(struct console_log *log, const struct paths *paths,
		     const char *name, uint64_t limit, struct err *err)
{
	*log = (struct console_log){
		.dir = -1, .fd = -1, .half = limit / 2,
	};
	if (find(log->where, paths, name, err) || paths_make(log->where, err))
		return -1;
	log->dir = open(log->where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return log->dir < 0 || open_file(log) ?
	       failed(log->where, "open the log in it", err) : 0;
}

/* Makes room for a byte, as far as files are concerned. */
static int make_room(struct console_log *log)
{
	if (log->fd >= 0 && log->size < log->half)
		return 0;
	if (log->fd >= 0 && log->dir < 0) {
		errno = EFBIG;
		return -1;
	}
	if (log->fd >= 0) {
		if (renameat(log->dir, NEWER, log->dir, OLDER))
			return -1;
		close(log->fd);
		log->fd = -1;
	}
	return open_file(log);
}

/* Writes up to the end of the file that is written; how much, -1: none. */
static ssize_t write_some(struct console_log *log, const void *data, size_t len)
{
	ssize_t n;

	if (make_room(log))
		return -1;
	if (log->size >= log->half)
		return 0;	/* someone else writes there, too */
	if (len > log->half - log->size)
		len = (size_t)(log->half - log->size);
	do {
		n = write(log->fd, data, len);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		log->size += (uint64_t)n;
	return n;
}

void console_log_miss(struct console_log *log, uint64_t len)
{
	log->missing += len;
	log->lost += len;
}

/* Says what is missing.  A part of the line would lie: it is taken back. */
static int confess(struct console_log *log)
{
	char line[128];
	int len = snprintf(line, sizeof(line),
			   "\n[vmctl: %" PRIu64 " bytes are missing here: %s]\n",
			   log->missing,
			   log->error ? strerror(log->error) :
			   "they came too fast");
	uint64_t was;
	ssize_t n;

	if (log->half < (uint64_t)len)
		return -1;
	if (log->fd >= 0 && log->half - log->size < (uint64_t)len)
		log->size = log->half;	/* the next file has room for all */
	if (make_room(log))
		return -1;
	was = log->size;
	n = write_some(log, line, (size_t)len);
	if (n == len) {
		log->missing = 0;
		log->error = 0;
		return 0;
	}
	if (n > 0 && !ftruncate(log->fd, (off_t)was))
		log->size = was;
	return -1;
}

void console_log_write(struct console_log *log, const uint8_t *data, size_t len)
{
	ssize_t n;

	if (log->missing && confess(log)) {
		console_log_miss(log, len);
		return;
	}
	while (len) {
		n = write_some(log, data, len);
		if (n <= 0) {
			log->error = n ? errno : EFBIG;
			console_log_miss(log, len);
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

/* Whether the guest, or whoever wrote last, left a line without its end. */
static bool in_line(const struct console_log *log)
{
	char last = '\n';

	return log->fd >= 0 && log->size &&
	       pread(log->fd, &last, 1, (off_t)log->size - 1) == 1 &&
	       last != '\n';
}

static void write_text(struct console_log *log, const char *text)
{
	console_log_write(log, (const uint8_t *)text, strlen(text));
}

void console_log_mark(struct console_log *log, const char *text)
{
	size_t len = strcspn(text, "\n");

	if (in_line(log))
		write_text(log, "\n");
	write_text(log, "[vmctl: ");
	console_log_write(log, (const uint8_t *)text, len);
	write_text(log, "]");
	write_text(log, text + len);
	write_text(log, "\n");
}

/* A log that has nothing in it, of a VM that never ran, need not be. */
static void drop_if_empty(struct console_log *log)
{
	if (log->stays || log->fd < 0 || log->size ||
	    !faccessat(log->dir, OLDER, F_OK, 0) ||
	    unlinkat(log->dir, NEWER, 0))
		return;
	rmdir(log->where);
}

void console_log_close(struct console_log *log)
{
	if (log->missing)
		confess(log);
	if (!log->missing)
		drop_if_empty(log);
	if (log->fd >= 0)
		close(log->fd);
	if (log->dir >= 0)
		close(log->dir);
	log->fd = log->dir = -1;
}

static int remove_file(const char *path, struct err *err)
{
	return !unlink(path) || errno == ENOENT ? 0 :
	       failed(path, "remove", err);
}

int console_log_remove(const struct paths *paths, const char *name,
		       struct err *err)
{
	static const char *const files[] = { NEWER, OLDER };
	char dir[PATHS_LEN], path[PATHS_LEN];
	unsigned int i;

	if (find(dir, paths, name, err))
		return -1;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (paths_join(path, dir, files[i], "", err) ||
		    remove_file(path, err))
			return -1;
	/* what others put there stays, and so does the directory then */
	rmdir(dir);
	return 0;
}
