// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces.  Who may not make them makes one of users first, in which he may, and in
 * which his user is called as before.
 *
 * The empty root is a tmpfs without room that cannot be written to.  The directories
 * that are kept are opened again, as mounts of their own that hang nowhere: from their
 * top ".." leads nowhere, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/err.h"
#include "lib/local.h"
#include "vm/sandbox_parts.h"

/* Where the empty root is mounted; it has only to be there. */
#define PLACE	"/dev"

static const struct {
	enum sandbox_part part;
	int flag;
} spaces[] = {
	{ SANDBOX_IPC, CLONE_NEWIPC },
	{ SANDBOX_NAMES, CLONE_NEWUTS },
	{ SANDBOX_CGROUPS, CLONE_NEWCGROUP },
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;
	ssize_t len = (ssize_t)strlen(text);

	if (fd < 0)
		return -1;
	ret = write(fd, text, (size_t)len) == len ? 0 : -1;
	close(fd);
	return ret;
}

/* The ids are read before: afterwards they have no names until they are given. */
static int make_user_space(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER))
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	if (write_file("/proc/self/uid_map", map) ||
	    write_file("/proc/self/setgroups", "deny"))
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	return write_file("/proc/self/gid_map", map);
}

/*
 * Some systems let everybody make one, but not use it.  That is tried by a child, as there
 * is no way back.
 */
static bool user_space_works(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(make_user_space() || unshare(CLONE_NEWNS) ? errno : 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	errno = pid < 0 || !WIFEXITED(status) ? EPERM : WEXITSTATUS(status);
	return !errno;
}

/* ---- the root ---------------------------------------------------------------------- */

/* @dir anew, as a mount that is nowhere; it gets the number that it had. */
static int detach_dir(const struct sandbox_dir *dir)
{
	struct stat was, is;
	int fd, ret = -1;

	fd = (int)syscall(SYS_open_tree, AT_FDCWD, dir->path,
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(*dir->fd, &was) || fstat(fd, &is))
		goto close;
	if (was.st_dev != is.st_dev || was.st_ino != is.st_ino) {
		errno = ESTALE;
		goto close;
	}
	ret = dup3(fd, *dir->fd, O_CLOEXEC) < 0 ? -1 : 0;
close:
	close(fd);
	return ret;
}

/*
 * The old root goes away; if it is the first of all, which cannot, it is covered, and
 * chroot() makes the cover our root: nothing of ours leads below it.
 */
static int change_root(void)
{
	if (chdir(PLACE))
		return -1;
	if (!syscall(SYS_pivot_root, ".", ".")) {
		if (umount2(".", MNT_DETACH))
			return -1;
	} else if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) ||
		   chroot(".")) {
		return -1;
	}
	return chdir("/");
}

static int empty_root(const struct sandbox *s)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	unsigned int i;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	for (i = 0; i < s->dirs; i++)
		if (*s->dir[i].fd >= 0 && detach_dir(&s->dir[i]))
			return -1;
	if (mount("none", PLACE, "tmpfs", flags | MS_RDONLY,
		  "size=4k,nr_inodes=2,mode=0555"))
		return -1;
	return change_root();
}

/* ---- a network for several -------------------------------------------------------------- */

/* Of this thread. */
static int open_network(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

int sandbox_network(int *fd, struct err *err)
{
	int ours = open_network(), ret = 0;

	*fd = -1;
	if (ours < 0)
		return 0;
	if (!unshare(CLONE_NEWNET)) {
		*fd = open_network();
		ret = setns(ours, CLONE_NEWNET);
	}
	if (ret)
		err_set(err, VMCTL_HOST, "cannot return to the network: %s",
			strerror(errno));
	close(ours);
	return ret;
}

/* Who made a namespace of users may not enter one of before: then it gets its own. */
static bool enter_network(struct sandbox *s)
{
	bool entered = s->network >= 0 && !setns(s->network, CLONE_NEWNET);

	if (s->network >= 0)
		close(s->network);
	s->network = -1;
	return entered || !unshare(CLONE_NEWNET);
}

/* ---- all ----------------------------------------------------------------------------- */

static void note(struct sandbox *s, enum sandbox_part part, bool good)
{
	if (good)
		sandbox_has(s, part);
	else
		s->error[part] = errno ? errno : EPERM;
}

void sandbox_spaces(struct sandbox *s)
{
	bool mounts = !unshare(CLONE_NEWNS);
	int error = errno;
	unsigned int i;

	if (!mounts && error == EPERM && user_space_works()) {
		mounts = !make_user_space() && !unshare(CLONE_NEWNS);
		local_admit_unnamed();
	}
	errno = error;
	note(s, SANDBOX_ROOT, mounts && !empty_root(s));
	note(s, SANDBOX_NETWORK, enter_network(s));
	for (i = 0; i < ARRAY_SIZE(spaces); i++)
		note(s, spaces[i].part, !unshare(spaces[i].flag));
	/* a process that is 1 was put into one of its own */
	if (getpid() == 1)
		sandbox_has(s, SANDBOX_PROCESSES);
}
