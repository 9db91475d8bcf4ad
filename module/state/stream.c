// SPDX-License-Identifier: GPL-2.0
/*
 * Walking and writing streams of records.  See stream.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "state/stream.h"

#define VCPUS_MAX	4096	/* of any VM to come */
#define XSAVE_UNITS	1024	/* of 8 bytes */

#define FIXED(t, v, s)		{ VMM_STATE_##t, v, sizeof(struct s), 0, 0 }
#define ARRAY(t, v, s, n)	{ VMM_STATE_##t, v, 0, sizeof(struct s), n }

const struct vmm_stream_kind vmm_stream_vm[VMM_STREAM_VM_KINDS] = {
	FIXED(VM, 1, vmm_state_vm),
	FIXED(CLOCK, 1, vmm_state_clock),
	ARRAY(ROUTES, 1, vmm_route, VMM_MAX_ROUTES),
	FIXED(LINES, 1, vmm_state_lines),
	FIXED(PIC, 1, vmm_state_pic),
	FIXED(IOAPIC, 1, vmm_state_ioapic),
	FIXED(PIT, 1, vmm_state_pit),
};

const struct vmm_stream_kind vmm_stream_vcpu[VMM_STREAM_VCPU_KINDS] = {
	ARRAY(CPUID, 1, vmm_cpuid_entry, VMM_MAX_CPUID),
	FIXED(REGS, 1, vmm_regs),
	FIXED(SREGS, 1, vmm_state_sregs),
	FIXED(DEBUGREGS, 1, vmm_state_debugregs),
	FIXED(MSRS, 1, vmm_state_msrs),
	{ VMM_STATE_XSAVE, 1, sizeof(struct vmm_state_xsave), 8, XSAVE_UNITS },
	FIXED(EVENTS, 1, vmm_state_events),
	FIXED(LAPIC, 1, vmm_state_lapic),
	FIXED(TIME, 1, vmm_state_time),
};

static const struct vmm_stream_kind end_kind = FIXED(END, 1, vmm_state_end);

/* ---- writing ---------------------------------------------------------------- */

static const struct vmm_stream_kind *kind_of(u32 type)
{
	unsigned int i;

	for (i = 0; i < VMM_STREAM_VM_KINDS; i++)
		if (vmm_stream_vm[i].type == type)
			return &vmm_stream_vm[i];
	for (i = 0; i < VMM_STREAM_VCPU_KINDS; i++)
		if (vmm_stream_vcpu[i].type == type)
			return &vmm_stream_vcpu[i];
	return &end_kind;
}

void *vmm_stream_begin(struct vmm_stream_writer *w, u32 type, u32 instance,
		       u32 size)
{
	struct vmm_state_record head = {
		.type = type, .version = kind_of(type)->version,
		.instance = instance, .size = size,
	};
	size_t at = w->len;

	w->len += sizeof(head) + size;
	w->records++;
	if (!w->buf || w->len > w->room)
		return NULL;
	memcpy(w->buf + at, &head, sizeof(head));
	return memset(w->buf + at + sizeof(head), 0, size);
}

void vmm_stream_end(struct vmm_stream_writer *w)
{
	struct vmm_state_end end = { .records = w->records, .bytes = w->len };
	void *to = vmm_stream_begin(w, VMM_STATE_END, 0, sizeof(end));

	if (to)
		memcpy(to, &end, sizeof(end));
}

/* ---- checking --------------------------------------------------------------- */

/*
 * struct walk - @left: bytes from @pos on
 */
struct walk {
	const void *data;
	size_t pos, left;
	u64 records;
	struct vmm_stream_place *bad;
};

static bool size_fits(const struct vmm_stream_kind *k, u32 size)
{
	u32 rest;

	if (size < k->fixed)
		return false;
	rest = size - k->fixed;
	if (!k->unit)
		return !rest;
	return rest % k->unit == 0 && rest / k->unit <= k->max;
}

/* The payload of the next record, which must be of @k and @instance; or NULL. */
static const void *expect(struct walk *w, const struct vmm_stream_kind *k,
			  u32 instance)
{
	const struct vmm_state_record *head = w->data + w->pos;

	*w->bad = (struct vmm_stream_place){ .offset = w->pos, .type = k->type };
	if (w->left < sizeof(*head) || head->type != k->type ||
	    head->version != k->version || head->flags ||
	    head->instance != instance || !size_fits(k, head->size) ||
	    w->left - sizeof(*head) < head->size)
		return NULL;
	w->pos += sizeof(*head) + head->size;
	w->left -= sizeof(*head) + head->size;
	w->records++;
	return head + 1;
}

static int expect_vm(struct walk *w, u32 *vcpus)
{
	const struct vmm_state_vm *vm = expect(w, &vmm_stream_vm[0], 0);
	unsigned int i;

	if (!vm || vm->magic != VMM_STATE_MAGIC || vm->vcpus > VCPUS_MAX)
		return -EBADMSG;
	*vcpus = vm->vcpus;
	for (i = 1; i < VMM_STREAM_VM_KINDS; i++)
		if (!expect(w, &vmm_stream_vm[i], 0))
			return -EBADMSG;
	return 0;
}

/* @from: the least id that it may have. */
static int expect_vcpu(struct walk *w, u32 *from)
{
	const struct vmm_state_record *head = w->data + w->pos;
	unsigned int i;
	u32 id = *from;

	if (w->left >= sizeof(*head))
		id = head->instance;
	for (i = 0; i < VMM_STREAM_VCPU_KINDS; i++)
		if (!expect(w, &vmm_stream_vcpu[i], id) || id < *from)
			return -EBADMSG;
	if (id >= VCPUS_MAX)
		return -EBADMSG;
	*from = id + 1;
	return 0;
}

int vmm_stream_check(const void *data, size_t size,
		     struct vmm_stream_place *bad)
{
	struct walk w = { .data = data, .left = size, .bad = bad };
	const struct vmm_state_end *end;
	u32 vcpus, i, from = 0;
	u64 records, bytes;

	if (expect_vm(&w, &vcpus))
		return -EBADMSG;
	for (i = 0; i < vcpus; i++)
		if (expect_vcpu(&w, &from))
			return -EBADMSG;
	records = w.records;
	bytes = w.pos;
	end = expect(&w, &end_kind, 0);
	return end && end->records == records && end->bytes == bytes &&
	       !w.left ? 0 : -EBADMSG;
}

/* ---- taking ----------------------------------------------------------------- */

const void *vmm_stream_take(struct vmm_stream_reader *r, u32 type, u32 *size,
			    u32 *instance)
{
	const struct vmm_state_record *head = r->data + r->pos;

	r->at = (struct vmm_stream_place){ .offset = r->pos, .type = type };
	r->pos += sizeof(*head) + head->size;
	if (size)
		*size = head->size;
	if (instance)
		*instance = head->instance;
	return head + 1;
}
