// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/name.h"
#include "vm/epitaph.h"

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

static int find(char dir[PATHS_LEN], char path[PATHS_LEN],
		const struct paths *paths, const char *name, struct err *err)
{
	return name_check(name, err) ||
	       paths_join(dir, paths->log, name, "", err) ||
	       paths_join(path, dir, "end", "", err) ? -1 : 0;
}

int epitaph_open(const struct paths *paths, const char *name, struct err *err)
{
	char dir[PATHS_LEN], path[PATHS_LEN];
	int fd;

	if (find(dir, path, paths, name, err) || paths_make(dir, err))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
		  O_NONBLOCK | O_CLOEXEC, 0600);
	return fd < 0 ? failed(path, "open", err) : fd;
}

void epitaph_write(int fd, bool plain, const char *text)
{
	char line[EPITAPH_LEN + 2];
	int len;

	len = snprintf(line, sizeof(line), "%s%.*s\n",
		       plain ? EPITAPH_PLAIN : EPITAPH_SUDDEN,
		       (int)strcspn(text, "\n"), text);
	if (len >= (int)sizeof(line))
		len = (int)sizeof(line) - 1;
	/* on a full disk there is none: a sudden end */
	if (write(fd, line, (size_t)len) != len)
		return;
}

int epitaph_read(const struct paths *paths, const char *name,
		 struct epitaph *epitaph, struct err *err)
{
	char dir[PATHS_LEN], path[PATHS_LEN], line[EPITAPH_LEN];
	ssize_t len;
	int fd;

	if (find(dir, path, paths, name, err))
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : failed(path, "open", err);
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (len < 0)
		return failed(path, "read", err);
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
	epitaph->plain = *line == *EPITAPH_PLAIN;
	snprintf(epitaph->text, sizeof(epitaph->text), "%s",
		 *line ? line + 1 : "its process died without a word");
	return 1;
}

int epitaph_remove(const struct paths *paths, const char *name,
		   struct err *err)
{
	char dir[PATHS_LEN], path[PATHS_LEN];

	if (find(dir, path, paths, name, err))
		return -1;
	return !unlink(path) || errno == ENOENT ? 0 :
	       failed(path, "remove", err);
}
