// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vm/moment.h"
#include "vm/state.h"

/* ---- taking ------------------------------------------------------------------------ */

/* While the machine is held: no more than must be of one moment. */
static int take(struct moment *t, struct machine *m, struct err *err)
{
	if (machine_save(m, &t->state, err))
		return -1;
	t->memory = vmm_mem_freeze(m->ram.fd, err);
	return t->memory < 0 ? -1 : machine_save_cpuid(m, &t->state, err);
}

static int name_it(struct moment *t, struct err *err)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	t->time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return snap_id_make(&t->id, err);
}

int moment_take(struct moment *t, struct machine *m, struct err *err)
{
	int cpuid;

	*t = (struct moment){ .memory = -1 };
	if (name_it(t, err) || machine_hold(m, err))
		return -1;
	cpuid = take(t, m, err);
	machine_release(m);
	if (cpuid < 0) {
		moment_fini(t);
		return -1;
	}
	t->cpuid = (size_t)cpuid;
	return 0;
}

void moment_fini(struct moment *t)
{
	if (t->memory >= 0)
		close(t->memory);
	t->memory = -1;
	bytes_fini(&t->state);
}

/* ---- returning ---------------------------------------------------------------------- */

/* What can be refused is refused before anything has changed. */
static int give_back(const struct moment *t, struct machine *m,
		     const struct bytes *now, struct err *err)
{
	struct err other;

	if (machine_load(m, t->state.data, t->state.len - t->cpuid, err))
		return -1;
	if (!vmm_mem_return(m->ram.fd, t->memory, err))
		return 0;
	if (machine_load(m, now->data, now->len, &other))
		vm_end_set(&m->end, END_CRASH, VMCTL_FAILED,
			   "half rolled back: %s; %s", err->text, other.text);
	return -1;
}

int moment_return(const struct moment *t, struct machine *m, struct err *err)
{
	struct bytes now = {};
	int ret;

	if (machine_hold(m, err))
		return -1;
	ret = machine_save(m, &now, err) ?: give_back(t, m, &now, err);
	machine_release(m);
	bytes_fini(&now);
	return ret;
}
