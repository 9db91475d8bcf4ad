// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "vm/conf_file.h"
#include "vm/define.h"

#define SUFFIX	".conf"

static int path_of(char path[PATHS_LEN], const struct paths *paths,
		   const char *name, struct err *err)
{
	if (name_check(name, err))
		return -1;
	return paths_join(path, paths->conf, name, SUFFIX, err);
}

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

static int not_there(const char *name, struct err *err)
{
	return err_set(err, VMCTL_NO_VM,
		       "%s: no VM of this name is defined; try: vmctl list -a",
		       name);
}

/* ---- writing ------------------------------------------------------------------- */

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

/* So that the new name, too, outlives a crash of the host. */
static int sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

/* link() is what gives a name to a whole file only if the name is free. */
static int publish(const struct paths *paths, const char *temporary,
		   const char *path, const char *name, struct err *err)
{
	if (link(temporary, path)) {
		if (errno == EEXIST)
			return err_set(err, VMCTL_FAILED,
				       "%s: is defined already, in %.200s; try: vmctl destroy %s",
				       name, path, name);
		return failed(path, "create", err);
	}
	if (!sync_directory(paths->conf))
		return 0;
	failed(paths->conf, "write", err);
	unlink(path);
	return -1;
}

static int write_definition(const struct paths *paths, const char *name,
			    const char *path, const char *text, struct err *err)
{
	char temporary[PATHS_LEN];
	int fd, ret;

	/* no name of a VM begins with a dot */
	if (paths_join(temporary, paths->conf, ".new-XXXXXX", "", err))
		return -1;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return failed(paths->conf, "create a file in it", err);
	ret = write_all(fd, text) ? failed(path, "write", err) :
	      publish(paths, temporary, path, name, err);
	close(fd);
	unlink(temporary);
	return ret;
}

int define_create(const struct paths *paths, const struct conf *conf,
		  struct err *err)
{
	const char *name = conf->opt.name;
	char path[PATHS_LEN], *text;
	int ret;

	if (path_of(path, paths, name, err) || paths_make(paths->conf, err))
		return -1;
	text = conf_print(conf);
	if (!text)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = strlen(text) <= CONF_MAX_BYTES ?
	      write_definition(paths, name, path, text, err) :
	      err_set(err, VMCTL_USAGE, "%s: a definition of more than %d bytes",
		      name, CONF_MAX_BYTES);
	free(text);
	return ret;
}

/* ---- reading --------------------------------------------------------------------- */

/* As much as a definition may have, and one byte more. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size && n) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno != EINTR)
			return -1;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

static int read_file(int fd, const char *path, struct conf *conf,
		     struct err *err)
{
	char *text = malloc(CONF_MAX_BYTES + 1);
	ssize_t len;
	int ret;

	if (!text)
		return err_set(err, VMCTL_FAILED, "out of memory");
	len = read_up_to(fd, text, CONF_MAX_BYTES + 1);
	ret = len < 0 ? failed(path, "read", err) :
	      conf_parse(conf, text, (size_t)len, path, err);
	free(text);
	return ret;
}

int define_read(const struct paths *paths, const char *name, struct conf *conf,
		struct err *err)
{
	char path[PATHS_LEN];
	struct stat st;
	int fd, ret;

	if (path_of(path, paths, name, err) || conf_name(conf, name, err))
		return -1;
	/* a pipe in this place must not make us wait */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? not_there(name, err) :
		       failed(path, "open", err);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		ret = err_set(err, VMCTL_FAILED, "%.256s: not a regular file",
			      path);
	else
		ret = read_file(fd, path, conf, err);
	close(fd);
	return ret;
}

int define_same(const struct paths *paths, const struct conf *conf,
		const char *as, struct err *err)
{
	char *here = NULL, *there = conf_print(conf);
	struct conf old;
	int ret;

	conf_init(&old);
	ret = define_read(paths, conf->opt.name, &old, err);
	if (!ret)
		here = conf_print(&old);
	conf_free(&old);
	if (ret)
		ret = err->code == VMCTL_NO_VM ? 0 : -1;
	else if (!here || !there)
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	else if (strcmp(here, there))
		ret = err_set(err, VMCTL_FAILED,
			      "%s: is defined, and not as %s; try: another name",
			      conf->opt.name, as);
	else
		ret = 1;
	free(here);
	free(there);
	return ret;
}

int define_remove(const struct paths *paths, const char *name, struct err *err)
{
	char path[PATHS_LEN];

	if (path_of(path, paths, name, err))
		return -1;
	if (!unlink(path))
		return 0;
	return errno == ENOENT ? not_there(name, err) :
	       failed(path, "remove", err);
}

/* ---- all of them ------------------------------------------------------------------ */

static int is_definition(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t len = strlen(name), cut = sizeof(SUFFIX) - 1;
	char stem[256];
	struct err err;

	if (len <= cut || strcmp(name + len - cut, SUFFIX))
		return 0;
	snprintf(stem, sizeof(stem), "%.*s", (int)(len - cut), name);
	return !name_check(stem, &err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int define_names(const struct paths *paths, char ***names, size_t *count,
		 struct err *err)
{
	struct dirent **entries;
	int n, i;

	*names = NULL;
	*count = 0;
	n = scandir(paths->conf, &entries, is_definition, NULL);
	if (n < 0)
		return errno == ENOENT ? 0 : failed(paths->conf, "list", err);
	*names = calloc((size_t)n + 1, sizeof(**names));
	for (i = 0; i < n; i++) {
		if (*names)
			(*names)[i] = strndup(entries[i]->d_name,
					      strlen(entries[i]->d_name) -
					      (sizeof(SUFFIX) - 1));
		if (*names && (*names)[i])
			++*count;
		free(entries[i]);
	}
	free(entries);
	if (!*names || *count < (size_t)n) {
		define_free_names(*names, (size_t)n);
		return err_set(err, VMCTL_FAILED, "out of memory");
	}
	qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

void define_free_names(char **names, size_t count)
{
	while (names && count)
		free(names[--count]);
	free(names);
}
