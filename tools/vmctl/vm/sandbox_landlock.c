// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock: which names of files may be used, by any system call.  It needs no privilege
 * and no namespace, and holds beside an empty root as well.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/sandbox_parts.h"

/* Rights that kernels have come to know since ours. */
#define ACCESS_TRUNCATE		(1ULL << 14)
#define ACCESS_IOCTL_DEV	(1ULL << 15)

#define OF_FIRST	((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* By version of the interface, from 1: what it can forbid. */
static const uint64_t known[] = {
	OF_FIRST,
	OF_FIRST | LANDLOCK_ACCESS_FS_REFER,
	OF_FIRST | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE,
	OF_FIRST | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE,
	OF_FIRST | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV,
};

/* A file that gets another name is made and removed. */
static const uint64_t allowed[] = {
	[SANDBOX_USE_LOG] = LANDLOCK_ACCESS_FS_READ_FILE |
			    LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE |
			    LANDLOCK_ACCESS_FS_MAKE_REG |
			    LANDLOCK_ACCESS_FS_REMOVE_FILE,
	[SANDBOX_USE_UNLINK] = LANDLOCK_ACCESS_FS_REMOVE_FILE,
	[SANDBOX_USE_RMDIR] = LANDLOCK_ACCESS_FS_REMOVE_DIR,
};

static int allow(int rules, const struct sandbox_dir *dir, uint64_t handled)
{
	struct landlock_path_beneath_attr attr = {
		.allowed_access = allowed[dir->use] & handled,
		.parent_fd = *dir->fd,
	};

	return (int)syscall(SYS_landlock_add_rule, rules,
			    LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
}

static int restrict_names(const struct sandbox *s)
{
	struct landlock_ruleset_attr attr = {};
	int rules, ret = 0;
	unsigned int i;
	long version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			  LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -1;
	if (version > (long)ARRAY_SIZE(known))
		version = (long)ARRAY_SIZE(known);
	attr.handled_access_fs = known[version - 1];
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return -1;
	for (i = 0; i < s->dirs && !ret; i++)
		if (*s->dir[i].fd >= 0)
			ret = allow(rules, &s->dir[i], attr.handled_access_fs);
	if (!ret)
		ret = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return ret;
}

void sandbox_landlock(struct sandbox *s)
{
	if (!restrict_names(s))
		sandbox_has(s, SANDBOX_LANDLOCK);
	else
		s->error[SANDBOX_LANDLOCK] = errno;
}
