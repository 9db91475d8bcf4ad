// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/local.h"

#define BACKLOG	16
#define UNNAMED	65534	/* how the kernel calls who has no name here */

static int address(struct sockaddr_un *sun, const char *path, struct err *err)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len >= sizeof(sun->sun_path))
		return err_set(err, VMCTL_FAILED,
			       "%.128s: a socket's name has at most %zu characters",
			       path, sizeof(sun->sun_path) - 1);
	memcpy(sun->sun_path, path, len);
	return 0;
}

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

int local_listen(const char *path, int type, struct err *err)
{
	struct sockaddr_un sun;
	int fd;

	if (address(&sun, path, err))
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(path, "make a socket", err);
	if (!bind(fd, (struct sockaddr *)&sun, sizeof(sun)) &&
	    !chmod(path, 0600) && !listen(fd, BACKLOG))
		return fd;
	failed(path, "listen", err);
	close(fd);
	return -1;
}

int local_connect(const char *path, int type, struct err *err)
{
	struct sockaddr_un sun;
	int fd;

	if (address(&sun, path, err))
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(path, "make a socket", err);
	if (!connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		err_set(err, VMCTL_STATE, "does not run");
	else
		failed(path, "connect", err);
	close(fd);
	return -1;
}

/* Written before there is a second thread. */
static bool unnamed_too;

void local_admit_unnamed(void)
{
	unnamed_too = true;
}

bool local_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == geteuid() || !peer.uid ||
		(unnamed_too && peer.uid == UNNAMED));
}
