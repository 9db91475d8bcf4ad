// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/local.h"
#include "lib/name.h"
#include "lib/records.h"
#include "vm/epitaph.h"
#include "vm/reach.h"
#include "vm/runtime.h"

/* A number: the kernel knows whose, and what it is called. */
static int find_by_number(struct reach *r, const char *vm, struct err *err)
{
	struct record_vm record;
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = records_vm(&c, vm, &record, err);
	control_close(&c);
	if (ret)
		return ret;
	if (record.owner != geteuid())
		return err_set(err, VMCTL_PERM,
			       "%s: another user's; try: as its owner", vm);
	if (!*record.name)
		return err_set(err, VMCTL_STATE,
			       "%s: does not run in the background", vm);
	snprintf(r->name, sizeof(r->name), "%s", record.name);
	return 0;
}

int reach_find(struct reach *r, const char *vm, struct err *err)
{
	if (paths_find(&r->paths, err))
		return -1;
	if (isdigit((unsigned char)*vm))
		return find_by_number(r, vm, err);
	if (name_check(vm, err))
		return -1;
	snprintf(r->name, sizeof(r->name), "%s", vm);
	return 0;
}

int reach_defined(const struct reach *r, struct err *err)
{
	char path[PATHS_LEN];

	if (paths_join(path, r->paths.conf, r->name, ".conf", err))
		return -1;
	if (!access(path, F_OK))
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%.256s: cannot look: %s", path, strerror(errno));
	return err_set(err, VMCTL_NO_VM,
		       "%s: no VM of this name is defined; try: vmctl list -a",
		       r->name);
}

int reach_explain(const char *vm, struct err *err)
{
	struct epitaph epitaph;
	struct err other;
	struct reach r;

	if (err->code != VMCTL_NO_VM || isdigit((unsigned char)*vm) ||
	    reach_find(&r, vm, &other) || reach_defined(&r, &other))
		return -1;
	if (!runtime_alive(&r.paths, r.name, &other) &&
	    epitaph_read(&r.paths, r.name, &epitaph, &other) > 0 &&
	    !epitaph.plain)
		return err_set(err, VMCTL_STATE,
			       "%s: does not run, it has ended: %.250s; try: vmctl logs %s",
			       r.name, epitaph.text, r.name);
	return err_set(err, VMCTL_STATE, "%s: does not run; try: vmctl start %s",
		       r.name, r.name);
}

int reach_vm(struct control *c, const char *vm, struct record_vm *record,
	     struct err *err)
{
	return records_vm(c, vm, record, err) ? reach_explain(vm, err) : 0;
}

/* Whether there is another kind of VM of that name, or none. */
static int not_there(const struct reach *r, struct err *err)
{
	struct record_vm vm;
	struct control c;
	struct err other;

	if (!reach_defined(r, err))
		return err_set(err, VMCTL_STATE,
			       "%s: does not run in the background; try: vmctl start %s",
			       r->name, r->name);
	if (control_open(&c, &other))
		return -1;
	if (!records_vm(&c, r->name, &vm, &other))
		err_set(err, VMCTL_STATE, "%s: does not run in the background",
			r->name);
	control_close(&c);
	return -1;
}

int reach_connect(const struct reach *r, const char *which, int type,
		  struct err *err)
{
	char dir[PATHS_LEN], path[PATHS_LEN];
	int fd;

	if (!*r->paths.run)
		return err_set(err, VMCTL_FAILED,
			       "no directory for what runs; try: export XDG_RUNTIME_DIR=DIR");
	if (paths_join(dir, r->paths.run, r->name, "", err) ||
	    paths_join(path, dir, which, "", err))
		return -1;
	fd = local_connect(path, type, err);
	return fd < 0 && err->code == VMCTL_STATE ? not_there(r, err) : fd;
}
