// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/name.h"
#include "vm/runtime.h"

#define TRIES	100	/* each lost to another process that came or went */

/* Whatever may be in the directory. */
static const char *const entries[] = { "control", "console", "lock" };

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

static int find(char dir[PATHS_LEN], char lock[PATHS_LEN],
		const struct paths *paths, const char *name, struct err *err)
{
	if (name_check(name, err))
		return -1;
	if (!*paths->run)
		return err_set(err, VMCTL_FAILED,
			       "no directory for what runs; try: export XDG_RUNTIME_DIR=DIR");
	return paths_join(dir, paths->run, name, "", err) ||
	       paths_join(lock, dir, "lock", "", err) ? -1 : 0;
}

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* Whether @fd is what @path names: an owner that ends removes its lock. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !lstat(path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static void remove_entries(const struct runtime *rt, bool with_lock)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries) - !with_lock; i++)
		unlinkat(rt->at, entries[i], 0);
}

/* 1: ours; 0: the directory or its lock has just gone, once more */
static int try_claim(struct runtime *rt, const char *lock, const char *name,
		     struct err *err)
{
	struct flock fl = whole_file(F_WRLCK);

	if (mkdir(rt->dir, 0700) && errno != EEXIST)
		return failed(rt->dir, "make the directory", err);
	rt->lock = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rt->lock < 0)
		return errno == ENOENT ? 0 : failed(lock, "open", err);
	if (!fcntl(rt->lock, F_OFD_SETLK, &fl)) {
		if (is_current(rt->lock, lock))
			return 1;
	} else if (errno != EAGAIN && errno != EACCES) {
		failed(lock, "lock", err);
		goto close;
	} else if (is_current(rt->lock, lock)) {
		err_set(err, VMCTL_STATE, "%s: runs already", name);
		goto close;
	}
	close(rt->lock);
	return 0;
close:
	close(rt->lock);
	return -1;
}

int runtime_claim(struct runtime *rt, const struct paths *paths,
		  const char *name, struct err *err)
{
	char lock[PATHS_LEN];
	unsigned int tries;
	int ret = 0;

	rt->lock = rt->at = rt->above = -1;
	if (find(rt->dir, lock, paths, name, err) ||
	    paths_make(paths->run, err))
		return -1;
	for (tries = 0; tries < TRIES && !ret; tries++)
		ret = try_claim(rt, lock, name, err);
	if (ret > 0) {
		ret = runtime_adopt(rt, err);
		if (!ret)
			remove_entries(rt, false);
		else
			runtime_leave(rt);
		return ret;
	}
	rt->lock = -1;
	return ret ? ret : err_set(err, VMCTL_STATE,
				   "%s: others start and stop it all the time",
				   name);
}

int runtime_adopt(struct runtime *rt, struct err *err)
{
	rt->at = open(rt->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rt->above = openat(rt->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rt->at < 0 || rt->above < 0 ?
	       failed(rt->dir, "open the directory", err) : 0;
}

void runtime_leave(struct runtime *rt)
{
	int *const files[] = { &rt->lock, &rt->at, &rt->above };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (*files[i] >= 0)
			close(*files[i]);
		*files[i] = -1;
	}
}

void runtime_release(struct runtime *rt)
{
	/* the lock's name goes last, while it is held: who opened it before
	 * sees that it is not current */
	if (rt->at >= 0)
		remove_entries(rt, true);
	if (rt->above >= 0)
		unlinkat(rt->above, strrchr(rt->dir, '/') + 1, AT_REMOVEDIR);
	runtime_leave(rt);
}

int runtime_watch(const struct paths *paths, const char *name)
{
	char dir[PATHS_LEN], lock[PATHS_LEN];
	struct err err;

	if (find(dir, lock, paths, name, &err))
		return -1;
	return open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool runtime_held(int fd)
{
	struct flock fl = whole_file(F_WRLCK);

	return !fcntl(fd, F_OFD_GETLK, &fl) && fl.l_type != F_UNLCK;
}

int runtime_alive(const struct paths *paths, const char *name, struct err *err)
{
	struct flock fl = whole_file(F_WRLCK);
	char dir[PATHS_LEN], lock[PATHS_LEN];
	int fd, ret;

	if (find(dir, lock, paths, name, err))
		return -1;
	fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : failed(lock, "open", err);
	ret = fcntl(fd, F_OFD_GETLK, &fl) ? failed(lock, "look at the lock", err) :
	      fl.l_type != F_UNLCK;
	close(fd);
	return ret;
}
