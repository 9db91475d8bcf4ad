// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/sandbox_parts.h"

static const char *const mode_names[] = {
	[SANDBOX_ON] = "on",
	[SANDBOX_OFF] = "off",
	[SANDBOX_REQUIRED] = "required",
};

static const char *const part_names[] = {
	[SANDBOX_PRIVILEGES] = "privileges",
	[SANDBOX_SYSCALLS] = "syscalls",
	[SANDBOX_LIMITS] = "limits",
	[SANDBOX_GROUPS] = "groups",
	[SANDBOX_LANDLOCK] = "landlock",
	[SANDBOX_ROOT] = "root",
	[SANDBOX_NETWORK] = "network",
	[SANDBOX_IPC] = "ipc",
	[SANDBOX_NAMES] = "names",
	[SANDBOX_CGROUPS] = "cgroups",
	[SANDBOX_PROCESSES] = "processes",
};

const char *sandbox_mode_name(enum sandbox_mode mode)
{
	return mode < SANDBOX_MODES ? mode_names[mode] : "?";
}

const char *sandbox_part_name(enum sandbox_part part)
{
	return part < SANDBOX_PARTS ? part_names[part] : "?";
}

void sandbox_init(struct sandbox *s, enum sandbox_mode mode)
{
	*s = (struct sandbox){ .mode = mode, .network = -1 };
}

void sandbox_keep_dir(struct sandbox *s, int *fd, const char *path,
		      enum sandbox_use use)
{
	if (s->dirs < SANDBOX_DIRS)
		s->dir[s->dirs++] = (struct sandbox_dir){ fd, path, use };
}

void sandbox_tell(struct sandbox *s, const int *fd, const char *before,
		  const char *after)
{
	if (s->nr_words < SANDBOX_WORDS)
		s->words[s->nr_words++] =
			(struct sandbox_words){ fd, before, after };
}

void sandbox_close_others(void)
{
	close_range(STDERR_FILENO + 1, ~0U, 0);
}

bool sandbox_lacks(const struct sandbox *s, char *text, size_t size)
{
	unsigned int part, same;
	size_t len = 0;
	int error;

	*text = 0;
	if (s->mode == SANDBOX_OFF)
		return false;
	/* those with one reason stand together */
	for (part = 0; part < SANDBOX_PARTS; part++) {
		error = s->error[part];
		for (same = 0; same < part && s->error[same] != error; same++)
			;
		if (!error || same < part)
			continue;
		for (; same < SANDBOX_PARTS && len < size; same++)
			if (s->error[same] == error)
				len += (size_t)snprintf(text + len, size - len,
							"%s%s", len ? ", " : "",
							part_names[same]);
		if (len < size)
			len += (size_t)snprintf(text + len, size - len, " (%s)",
						strerror(error));
	}
	return len;
}

/* More than there are when a sandbox is entered. */
#define MOST_FILES	1024

/* ---- parts that are short ------------------------------------------------------- */

static int failed(const char *what, struct err *err)
{
	return err_set(err, VMCTL_HOST, "sandbox: cannot %s: %s; try: --sandbox off",
		       what, strerror(errno));
}

/*
 * What the C library would open later: the time zone, and, for a second heap, how
 * generous the kernel is with memory.
 */
static void prepare_library(void)
{
	tzset();
	mallopt(M_ARENA_MAX, 1);
}

/* Only root may; others have none that their user has not. */
static void drop_groups(struct sandbox *s)
{
	if (!getgroups(0, NULL) || !setgroups(0, NULL))
		sandbox_has(s, SANDBOX_GROUPS);
	else if (errno != EPERM)
		s->error[SANDBOX_GROUPS] = errno;
}

/* All sets, and what an execve() could give back. */
static int drop_privileges(struct sandbox *s, struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
	unsigned long cap;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("renounce new privileges", err);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* without CAP_SETPCAP it stays, and means nothing: nobody executes */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
	if (syscall(SYS_capset, &head, none))
		return failed("drop capabilities", err);
	sandbox_has(s, SANDBOX_PRIVILEGES);
	return 0;
}

/* Never more than there was. */
static bool limit(int what, rlim_t value)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)what, &now))
		return false;
	if (now.rlim_max < value)
		value = now.rlim_max;
	return !setrlimit((__rlimit_resource_t)what,
			  &(struct rlimit){ value, value });
}

static rlim_t open_files(void)
{
	rlim_t n = 0;
	int fd;

	/* the highest counts: limits are of numbers */
	for (fd = 0; fd < MOST_FILES; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n = (rlim_t)fd + 1;
	return n;
}

static int set_limits(struct sandbox *s, struct err *err)
{
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_MEMLOCK, 0) ||
	    !limit(RLIMIT_MSGQUEUE, 0) ||
	    !limit(RLIMIT_NOFILE, open_files() + s->files) ||
	    (s->file_size && !limit(RLIMIT_FSIZE, s->file_size)))
		return failed("set limits", err);
	/* a write beyond the limit shall fail, not end the process */
	signal(SIGXFSZ, SIG_IGN);
	sandbox_has(s, SANDBOX_LIMITS);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------- */

static bool names_confined(const struct sandbox *s)
{
	return sandbox_had(s, SANDBOX_ROOT) || sandbox_had(s, SANDBOX_LANDLOCK);
}

/* By a directory that is open all of the file system could be reached. */
static void forget_dirs(struct sandbox *s)
{
	unsigned int i;

	for (i = 0; i < s->dirs; i++) {
		if (*s->dir[i].fd >= 0)
			close(*s->dir[i].fd);
		*s->dir[i].fd = -1;
	}
	s->dirs = 0;
}

static int check_required(const struct sandbox *s, struct err *err)
{
	char text[256];

	if (s->mode != SANDBOX_REQUIRED || !sandbox_lacks(s, text, sizeof(text)))
		return 0;
	return err_set(err, VMCTL_HOST,
		       "sandbox: required, but these lack: %s; try: --sandbox on",
		       text);
}

int sandbox_enter(struct sandbox *s, struct err *err)
{
	if (s->mode == SANDBOX_OFF)
		return 0;
	prepare_library();
	drop_groups(s);
	sandbox_spaces(s);
	/* Landlock wants this one first, unless it is privileged */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("renounce new privileges", err);
	sandbox_landlock(s);
	if (!names_confined(s))
		forget_dirs(s);
	if (check_required(s, err) || drop_privileges(s, err) ||
	    set_limits(s, err) || sandbox_last_words(s, err))
		return -1;
	return sandbox_filter(s, err);
}
