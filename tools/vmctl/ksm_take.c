// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "ksm_take.h"
#include "lib/ksm.h"
#include "lib/name.h"
#include "vm/reach.h"

#define READ_RECORDS	8192

/* ---- circumstances ---------------------------------------------------------------------- */

/* A host may call itself anything; files have what every page can show. */
static void take_text(char to[DUMP_LONG], const char *from)
{
	unsigned int i;

	snprintf(to, DUMP_LONG, "%.63s", from);
	for (i = 0; to[i]; i++)
		if (to[i] < ' ' || to[i] > '~')
			to[i] = '?';
}

static void take_host(struct dump *d)
{
	struct timespec now;
	struct utsname u;

	clock_gettime(CLOCK_REALTIME, &now);
	d->time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (uname(&u))
		return;
	take_text(d->host, u.nodename);
	take_text(d->kernel, u.release);
}

static int take_knobs(struct dump *d, struct err *err)
{
	unsigned int i;

	for (i = 0; i < DUMP_NUMBERS; i++)
		d->number[i] = DUMP_NONE;
	if (ksm_read("mode", d->mode, sizeof(d->mode), err) ||
	    ksm_read("policy", d->policy, sizeof(d->policy), err) ||
	    ksm_read("hash", d->hash, sizeof(d->hash), err) ||
	    ksm_read("../version", d->module, sizeof(d->module), err) ||
	    ksm_number("seed", &d->seed, err))
		return -1;
	for (i = 0; i < DUMP_KNOWN_NUMBERS; i++) {
		if (!ksm_number(dump_number_name[i], &d->number[i], err))
			continue;
		/* A module of another version may not have all. */
		if (err->code != VMCTL_MODULE)
			return -1;
		d->number[i] = DUMP_NONE;
	}
	return 0;
}

/* ---- pages ------------------------------------------------------------------------------- */

/* Reads end where they like, and not within a record. */
static int take_pages(struct dump *d, int fd, struct err *err)
{
	uint8_t *chunk = malloc(READ_RECORDS * DUMP_PAGE_RECORD);
	size_t bad;
	ssize_t n;
	int ret = chunk ? 0 : err_set(err, VMCTL_FAILED, "out of memory");

	while (!ret) {
		n = read(fd, chunk, READ_RECORDS * DUMP_PAGE_RECORD);
		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			break;
		if (n < 0)
			ret = err_set(err, errno == EPERM ? VMCTL_PERM : VMCTL_FAILED,
				      "hashes: %s", errno == EPERM ?
				      "only root may" : strerror(errno));
		else if (n % DUMP_PAGE_RECORD)
			ret = err_set(err, VMCTL_MODULE,
				      "hashes: the module speaks of something else");
		else
			ret = dump_add(d, chunk, (size_t)n / DUMP_PAGE_RECORD,
				       &bad, err);
	}
	free(chunk);
	return ret;
}

static int take_vm(struct dump *d, const struct record_vm *vm, struct err *err)
{
	struct dump knobs = {};
	char path[64];
	int fd, ret;

	memset(d, 0, sizeof(*d));
	take_host(d);
	d->vm = vm->id;
	/* Others than we may give names that we do not; there is the number. */
	if (!name_check(vm->name, err))
		snprintf(d->name, sizeof(d->name), "%s", vm->name);
	snprintf(path, sizeof(path), "../vms/%" PRIu64 "/ksm/hashes", vm->id);
	if (take_knobs(d, err))
		return -1;
	fd = ksm_open(path, err);
	if (fd < 0)
		return -1;
	ret = take_pages(d, fd, err);
	close(fd);
	if (ret || take_knobs(&knobs, err))
		return -1;
	if (!strcmp(d->hash, knobs.hash) && d->seed == knobs.seed)
		return 0;
	return err_set(err, VMCTL_STATE,
		       "somebody has set hash or seed meanwhile; try again");
}

/* ---- by name ------------------------------------------------------------------------------- */

static int take_named(struct dump *d, struct control *c, const char *name,
		      struct err *err)
{
	struct record_vm *vm = malloc(sizeof(*vm));
	int ret;

	memset(d, 0, sizeof(*d));
	if (!vm)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = reach_vm(c, name, vm, err);
	if (!ret && take_vm(d, vm, err))
		ret = err_wrap(err, "%.63s", name);
	free(vm);
	return ret;
}

int dump_take_named(struct dump *d, const char *name, struct err *err)
{
	struct control c;
	int ret;

	memset(d, 0, sizeof(*d));
	if (control_open(&c, err))
		return -1;
	ret = take_named(d, &c, name, err);
	control_close(&c);
	return ret;
}

int dump_find(struct dump *d, const char *word, struct err *err)
{
	int ret;

	if (strchr(word, '/') || !strcmp(word, "-"))
		return dump_open(d, word, err);
	ret = dump_take_named(d, word, err);
	/* No such VM, no module, or no name of one. */
	if (ret && err->code != VMCTL_PERM && err->code != VMCTL_STATE &&
	    !access(word, F_OK)) {
		dump_free(d);
		ret = dump_open(d, word, err);
	}
	return ret;
}

static int add_taken(struct set *s, struct control *c, const char *name,
		     const struct record_vm *vm, struct err *err)
{
	struct dump *d = calloc(1, sizeof(*d));
	int ret;

	if (!d)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = vm ? take_vm(d, vm, err) : take_named(d, c, name, err);
	if (!ret)
		return set_add(s, d, err);
	dump_free(d);
	free(d);
	return vm ? err_wrap(err, "%.63s", vm->name) : -1;
}

/* Whether it has ended, and so can be left out. */
static bool is_gone(struct control *c, uint64_t id)
{
	struct record_vm *vm = malloc(sizeof(*vm));
	struct err err;
	bool gone;

	if (!vm)
		return false;
	if (records_vm_by_id(c, id, vm, &err))
		gone = err.code == VMCTL_NO_VM || err.code == VMCTL_STATE;
	else
		gone = !strcmp(vm->state, "dead");
	free(vm);
	return gone;
}

static int take_all(struct set *s, struct control *c, struct err *err)
{
	struct record_vm *vms;
	size_t count, i;
	int ret = 0;

	if (records_vms(c, &vms, &count, err))
		return -1;
	for (i = 0; i < count && !ret; i++) {
		if (!strcmp(vms[i].state, "dead"))
			continue;
		ret = add_taken(s, c, NULL, &vms[i], err);
		if (ret && is_gone(c, vms[i].id))
			ret = 0;
	}
	free(vms);
	return ret;
}

int set_take(struct set *s, char *const *words, struct err *err)
{
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = *words ? 0 : take_all(s, &c, err);
	for (; *words && !ret; words++)
		ret = add_taken(s, &c, *words, NULL, err);
	control_close(&c);
	return ret ? ret : set_order(s, err);
}
