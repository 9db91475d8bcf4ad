// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/paths.h"

int paths_join(char path[PATHS_LEN], const char *dir, const char *name,
	       const char *suffix, struct err *err)
{
	int len = snprintf(path, PATHS_LEN, "%s/%s%s", dir, name, suffix);

	if (len < PATHS_LEN)
		return 0;
	return err_set(err, VMCTL_FAILED, "%.64s...: too long for a file name",
		       dir);
}

/* The directory that the variable names; NULL: none, or not in earnest. */
static const char *directory(char *(*env)(const char *name), const char *name)
{
	const char *dir = env(name);

	/* relative ones are to be ignored, says the XDG specification */
	return dir && *dir == '/' ? dir : NULL;
}

/* $@variable/vmm, or $HOME/@other/vmm where that is not set */
static int find_xdg(char path[PATHS_LEN], char *(*env)(const char *name),
		    const char *variable, const char *other, struct err *err)
{
	const char *dir = directory(env, variable);
	char below[64];

	if (dir)
		return paths_join(path, dir, "vmm", "", err);
	dir = directory(env, "HOME");
	if (!dir)
		return err_set(err, VMCTL_FAILED,
			       "neither %s nor HOME is set; try: export %s=DIR",
			       variable, variable);
	snprintf(below, sizeof(below), "%s/vmm", other);
	return paths_join(path, dir, below, "", err);
}

/* There is no other place that is private, and empty after a reboot. */
static int find_run(char path[PATHS_LEN], uid_t uid,
		    char *(*env)(const char *name), struct err *err)
{
	const char *dir = directory(env, "XDG_RUNTIME_DIR");
	char login[64];
	struct stat st;

	if (!dir) {
		snprintf(login, sizeof(login), "/run/user/%lu",
			 (unsigned long)uid);
		if (!lstat(login, &st) && S_ISDIR(st.st_mode) &&
		    st.st_uid == uid)
			dir = login;
	}
	if (dir)
		return paths_join(path, dir, "vmm", "", err);
	*path = 0;
	return 0;
}

int paths_find_as(struct paths *p, uid_t uid, char *(*env)(const char *name),
		  struct err *err)
{
	const char *all = env("VMM_DIR");

	if (all && *all) {
		if (*all != '/')
			return err_set(err, VMCTL_FAILED,
				       "VMM_DIR=%.64s: must begin with /", all);
		return paths_join(p->conf, all, "etc", "", err) ||
		       paths_join(p->run, all, "run", "", err) ||
		       paths_join(p->log, all, "log", "", err) ? -1 : 0;
	}
	if (!uid)
		return paths_join(p->conf, "/etc", "vmm", "", err) ||
		       paths_join(p->run, "/run", "vmm", "", err) ||
		       paths_join(p->log, "/var/log", "vmm", "", err) ? -1 : 0;
	return find_xdg(p->conf, env, "XDG_CONFIG_HOME", ".config", err) ||
	       find_run(p->run, uid, env, err) ||
	       find_xdg(p->log, env, "XDG_STATE_HOME", ".local/state", err) ?
	       -1 : 0;
}

int paths_find(struct paths *paths, struct err *err)
{
	return paths_find_as(paths, geteuid(), getenv, err);
}

static int make_one(const char *dir, struct err *err)
{
	if (!mkdir(dir, 0700) || errno == EEXIST)
		return 0;
	return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
		       "%.200s: cannot make the directory: %s", dir,
		       strerror(errno));
}

int paths_make(const char *dir, struct err *err)
{
	char path[PATHS_LEN];
	char *at = path;

	if (strlen(dir) >= sizeof(path))
		return err_set(err, VMCTL_FAILED,
			       "%.64s...: too long for a file name", dir);
	strcpy(path, dir);
	while ((at = strchr(at + 1, '/'))) {
		*at = 0;
		if (access(path, F_OK) && make_one(path, err))
			return -1;
		*at = '/';
	}
	return make_one(path, err);
}
