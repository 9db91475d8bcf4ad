// SPDX-License-Identifier: GPL-2.0
/*
 * Which VM has which memory objects in its slots, and surveys of that.
 */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/vm.h"
#include "ctl/ksm_rows.h"
#include "mem/mem.h"

/* Room for one more of @nr, of @size bytes each. */
static void *grown(void *array, u32 nr, u32 *room, size_t size)
{
	u32 more = *room ? 2 * *room : 16;
	void *new;

	if (nr < *room)
		return array;
	new = kvcalloc(more, size, GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	if (array)
		memcpy(new, array, nr * size);
	kvfree(array);
	*room = more;
	return new;
}

static void add_claim(void *ctx, struct vmm_mem *mem)
{
	struct vmm_ksm_rows *r = ctx;
	void *claim = grown(r->claim, r->nr_claims, &r->claim_room,
			    sizeof(*r->claim));

	if (!claim) {
		r->err = -ENOMEM;
		return;
	}
	r->claim = claim;
	r->claim[r->nr_claims++] = (struct vksm_claim){ mem->id, r->nr - 1 };
}

static void add_row(struct vmm_ksm_rows *r, struct vmm_vm *vm)
{
	void *id = grown(r->id, r->nr, &r->room, sizeof(*r->id));

	if (!id) {
		r->err = -ENOMEM;
		return;
	}
	r->id = id;
	r->id[r->nr++] = vm->id;
	npt_space_each_mem(&vm->space, add_claim, r);
}

void vmm_ksm_rows_free(struct vmm_ksm_rows *r)
{
	kvfree(r->id);
	kvfree(r->claim);
	*r = (struct vmm_ksm_rows){ };
}

static int find_rows(struct vmm_ksm_rows *r)
{
	struct vmm_vm *vm;
	u32 id = 0;

	while (!r->err && (vm = vmm_vm_next(id))) {
		id = vm->id + 1;
		add_row(r, vm);
		vmm_vm_put(vm);
	}
	return r->err;
}

struct vksm_survey *vmm_ksm_survey(struct vmm_ksm_rows *rows, bool pairs)
{
	struct vksm_survey *s;
	int err;

	*rows = (struct vmm_ksm_rows){ };
	err = find_rows(rows);
	s = err ? ERR_PTR(err) :
		  vksm_survey_create(rows->claim, rows->nr_claims, rows->nr,
				     pairs);
	if (IS_ERR(s))
		vmm_ksm_rows_free(rows);
	return s;
}
