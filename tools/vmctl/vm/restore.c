// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vm/restore.h"
#include "vm/state.h"

static bool is_slot(const struct snap_slot *s, uint64_t gpa, uint64_t size,
		    uint64_t offset)
{
	return !s->object && s->gpa == gpa && s->size == size &&
	       s->offset == offset;
}

/* Whether memory is where a machine of its size has it here. */
static bool is_laid_out(const struct snap_about *a, const struct ram *ram)
{
	const struct layout *l = &ram->layout;

	return a->nr_objects == 1 && a->object[0] == ram->size &&
	       a->nr_slots == (l->high ? 2 : 1) &&
	       is_slot(&a->slot[0], 0, l->low, 0) &&
	       (!l->high || is_slot(&a->slot[1], LAYOUT_4G, l->high, l->low));
}

/* The reader has looked that all of it is within the object. */
static void put_frame(const struct ram *ram, const struct snap_frame *f)
{
	const uint8_t *from = f->data;
	const struct snap_run *run;
	size_t size;

	for (run = f->run; run < f->run + f->nr_runs; run++) {
		size = (size_t)run->count * SNAP_PAGE_SIZE;
		memcpy(ram->host + run->page * SNAP_PAGE_SIZE, from, size);
		from += size;
	}
}

int restore(struct machine *m, struct snap_reader *r, struct err *err)
{
	int ret;

	if (!is_laid_out(&r->about, &m->ram))
		return err_set(err, VMCTL_FAILED,
			       "%.200s: has its memory where this vmctl does not; try: that which saved it",
			       r->in.name);
	if (machine_load(m, r->about.state, r->about.state_size, err))
		return -1;
	while ((ret = snap_read_frame(r, err)) > 0)
		put_frame(&m->ram, &r->frames.frame);
	return ret;
}
