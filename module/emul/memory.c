// SPDX-License-Identifier: GPL-2.0
/*
 * What the executor reads and writes: linear addresses through the guest's page
 * tables, then memory, a device in the kernel, or user space.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "core/vcpu.h"
#include "core/vm.h"
#include "emul/memory.h"
#include "uapi/linux/vmm.h"

#define DEVICE_CHUNK	8	/* bytes that a device gets at once */

static struct vmm_vcpu *of_ctxt(struct emul_ctxt *ctxt)
{
	return container_of(ctxt, struct vmm_vcpu, emul);
}

static unsigned int nowait(const struct vmm_vcpu *vcpu)
{
	return vcpu->emul.may_sleep ? 0 : VMM_MEM_NOWAIT;
}

/* ---- translation ----------------------------------------------------------- */

/* Notes an entry of the walk that is being recorded. */
static void record_entry(struct vmm_vcpu *vcpu, u64 gpa, u64 val,
			 unsigned int size)
{
	struct vmm_emul_memo *memo = vcpu->emul_memory.record;
	const void *va;

	if (!memo)
		return;
	if (size != sizeof(u64) || memo->depth == VMM_EMUL_MEMO_DEPTH ||
	    npt_space_va(&vcpu->vm->space, gpa, 0, &va)) {
		vcpu->emul_memory.record = NULL;
		return;
	}
	memo->entry[memo->depth] = va;
	memo->value[memo->depth++] = val;
}

static int walk_read(void *ctx, u64 gpa, u64 *val, unsigned int size)
{
	struct vmm_vcpu *vcpu = ctx;
	int err;

	err = npt_space_read(&vcpu->vm->space, gpa, val, size, nowait(vcpu));
	if (!err)
		record_entry(vcpu, gpa, *val, size);
	return err;
}

static int walk_cmpxchg(void *ctx, u64 gpa, u64 old, u64 new, unsigned int size)
{
	struct vmm_vcpu *vcpu = ctx;

	/* Accessed and dirty bits have to be there before it is worth it. */
	vcpu->emul_memory.record = NULL;
	return npt_space_cmpxchg(&vcpu->vm->space, gpa, old, new, size,
				 nowait(vcpu) | VMM_MEM_BY(VMM_BREAK_WALK));
}

static const struct npt_walk_ops walk_ops = {
	.read		= walk_read,
	.cmpxchg	= walk_cmpxchg,
};

void vmm_emul_memory_begin(struct vmm_vcpu *vcpu,
			   const struct vmm_cpu_mode *mode)
{
	struct vmm_emul_memory *mem = &vcpu->emul_memory;
	u32 flags = NPT_WALK_PSE36;

	mem->env.ops = &walk_ops;
	mem->env.ctx = vcpu;
	mem->env.cr3 = mode->cr3;
	mem->env.maxphyaddr = vmm_x86_limits(&vcpu->x86)->maxphyaddr;
	if (mode->cr0 & X86_CR0_PG)
		flags |= NPT_WALK_PG;
	if (mode->cr0 & X86_CR0_WP)
		flags |= NPT_WALK_WP;
	if (mode->cr4 & X86_CR4_PSE)
		flags |= NPT_WALK_PSE;
	if (mode->cr4 & X86_CR4_PAE)
		flags |= NPT_WALK_PAE;
	if (mode->cr4 & X86_CR4_SMEP)
		flags |= NPT_WALK_SMEP;
	if (mode->cr4 & X86_CR4_SMAP)
		flags |= NPT_WALK_SMAP;
	if (mode->efer & EFER_LMA)
		flags |= NPT_WALK_LMA | NPT_WALK_PAGE1G;
	if (mode->efer & EFER_NX)
		flags |= NPT_WALK_NXE;
	if (vcpu->rflags & X86_EFLAGS_AC)
		flags |= NPT_WALK_AC;
	mem->env.flags = flags;
}

static struct vmm_emul_memo *memo_of(struct vmm_vcpu *vcpu, u64 la, u32 access)
{
	struct vmm_emul_memo *memo = vcpu->emul_memory.memo;

	if (access & NPT_WALK_EXEC)
		return memo;
	return memo + 1 + (la >> PAGE_SHIFT) % (VMM_EMUL_MEMOS - 1);
}

/* The memo that holds for @la; inside RCU. */
static struct vmm_emul_memo *memo_find(struct vmm_vcpu *vcpu, u64 la,
				       u32 access)
{
	const struct npt_walk_env *env = &vcpu->emul_memory.env;
	struct vmm_emul_memo *memo = memo_of(vcpu, la, access);
	unsigned int i;

	if (memo->linear != (la & PAGE_MASK) || memo->access != access ||
	    memo->cr3 != env->cr3 || memo->flags != env->flags ||
	    memo->generation != npt_space_generation(&vcpu->vm->space))
		return NULL;
	for (i = 0; i < memo->depth; i++)
		if (READ_ONCE(*memo->entry[i]) != memo->value[i])
			return NULL;
	return memo;
}

/* Closes a recorded walk, inside the RCU section of all its reads. */
static void memo_close(struct vmm_vcpu *vcpu, u64 la, u32 access, u64 gpa,
		       unsigned long generation)
{
	struct vmm_emul_memory *mem = &vcpu->emul_memory;
	struct vmm_emul_memo *memo = mem->record;
	int err;

	if (!memo)
		return;
	err = npt_space_va(&vcpu->vm->space, gpa & PAGE_MASK,
			   access & NPT_WALK_WRITE ? VMM_MEM_WRITE : 0,
			   &memo->va);
	if (err == -EFAULT || err == -EROFS)
		memo->va = NULL;
	else if (err)
		return;
	if (vmm_lapic_covers(&vcpu->apic, gpa))
		memo->va = NULL;
	memo->linear = la & PAGE_MASK;
	memo->access = access;
	memo->cr3 = mem->env.cr3;
	memo->flags = mem->env.flags;
	memo->gpa = gpa & PAGE_MASK;
	memo->generation = generation;
}

/* Walks, and remembers the walk if nothing in it has to sleep. */
static int walk(struct vmm_vcpu *vcpu, u64 la, u32 access,
		struct npt_walk_result *res)
{
	struct vmm_emul_memory *mem = &vcpu->emul_memory;
	unsigned long generation;
	int ret;

	if (vcpu->emul.may_sleep)
		return npt_guest_walk(&mem->env, la, access, res);
	rcu_read_lock();
	generation = npt_space_generation(&vcpu->vm->space);
	mem->record = memo_of(vcpu, la, access);
	mem->record->generation = 0;
	mem->record->depth = 0;
	ret = npt_guest_walk(&mem->env, la, access, res);
	if (ret == NPT_WALK_OK)
		memo_close(vcpu, la, access, res->gpa, generation);
	mem->record = NULL;
	rcu_read_unlock();
	return ret;
}

/**
 * struct place - where a linear address leads
 * @gpa:	guest-physical address
 * @device:	known to be no memory that the access can use; false tells nothing
 */
struct place {
	u64 gpa;
	bool device;
};

static int translate(struct vmm_vcpu *vcpu, u64 la, u32 access,
		     struct place *place)
{
	struct vmm_emul_memo *memo;
	struct npt_walk_result res;
	int ret;

	rcu_read_lock();
	memo = memo_find(vcpu, la, access);
	if (memo)
		place->gpa = memo->gpa | offset_in_page(la);
	place->device = memo && !memo->va;
	rcu_read_unlock();
	if (memo)
		return EMUL_OK;

	ret = walk(vcpu, la, access, &res);
	switch (ret) {
	case NPT_WALK_OK:
		place->gpa = res.gpa;
		return EMUL_OK;
	case NPT_WALK_FAULT:
		return emul_raise_pf(&vcpu->emul, la, res.error);
	case NPT_WALK_NONCANONICAL:
		return emul_raise_error(&vcpu->emul, X86_TRAP_GP, 0);
	case -EWOULDBLOCK:
	case -ESTALE:	/* the guest keeps changing its tables */
		return EMUL_RETRY_SLEEP;
	case -EFAULT:
		vcpu->emul.stop_why = "page tables where there is no memory";
		return EMUL_STOP;
	}
	vcpu->emul.stop_why = "guest page tables cannot be read";
	return EMUL_STOP;
}

static u32 code_access(unsigned int cpl)
{
	return NPT_WALK_EXEC | (cpl == 3 ? NPT_WALK_USER : 0);
}

bool vmm_emul_code_is(struct vmm_vcpu *vcpu, u64 la, unsigned int cpl,
		      const u8 *bytes, unsigned int len)
{
	const struct vmm_emul_memo *memo;
	const u8 *code;
	bool same = false;

	if (offset_in_page(la) > PAGE_SIZE - len)
		return false;
	rcu_read_lock();
	memo = memo_find(vcpu, la, code_access(cpl));
	if (memo && memo->va) {
		code = memo->va + offset_in_page(la);
		same = code[0] == bytes[0] &&
		       (len < 2 || code[1] == bytes[1]) &&
		       (len < 3 || code[2] == bytes[2]);
	}
	rcu_read_unlock();
	return same;
}

/*
 * The short way: reads bytes within a page of memory whose walk is remembered.
 * False: nothing done.
 */
static bool read_remembered(struct vmm_vcpu *vcpu, u64 la, u32 access,
			    void *data, unsigned int len)
{
	struct vmm_emul_memo *memo;
	const void *va;

	rcu_read_lock();
	memo = memo_find(vcpu, la, access);
	va = memo ? memo->va : NULL;
	if (va)
		memcpy(data, va + offset_in_page(la), len);
	rcu_read_unlock();
	return va;
}

static u32 data_access(const struct emul_ctxt *ctxt, unsigned int flags,
		       bool write)
{
	u32 access = write || (flags & EMUL_ACC_RMW) ? NPT_WALK_WRITE : 0;

	if (flags & EMUL_ACC_SYSTEM)
		return access | NPT_WALK_IMPLICIT;
	return ctxt->cpl == 3 ? access | NPT_WALK_USER : access;
}

/* ---- memory ------------------------------------------------------------------ */

/* Bytes of [la, la + len) in the page of @la. */
static unsigned int in_page(u64 la, unsigned int len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(la));
}

static int memory_error(struct emul_ctxt *ctxt, int err)
{
	if (err == -EWOULDBLOCK)
		return EMUL_RETRY_SLEEP;
	ctxt->stop_why = err == -ENOMEM ? "no host memory for the guest" :
					  "a page of the guest did not come back";
	return EMUL_STOP;
}

static int devices(struct emul_ctxt *ctxt, u64 gpa, void *data,
		   unsigned int len, bool write, unsigned int flags)
{
	unsigned int n, keep;
	int rc;

	for (; len; len -= n, gpa += n, data += n) {
		n = min_t(unsigned int, len, DEVICE_CHUNK);
		keep = n == len ? flags : flags & ~EMUL_ACC_LAST;
		rc = emul_mmio(ctxt, gpa, data, n, write, keep);
		if (rc != EMUL_OK)
			return rc;
	}
	return EMUL_OK;
}

/* One page's part of an access, at a guest-physical address. */
static int access_page(struct emul_ctxt *ctxt, const struct place *place,
		       void *data, unsigned int len, bool write,
		       unsigned int flags)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct npt_space *space = &vcpu->vm->space;
	u64 gpa = place->gpa;
	int err = -EFAULT;

	if (!place->device && !vmm_lapic_covers(&vcpu->apic, gpa))
		err = write ?
			npt_space_write(space, gpa, data, len, nowait(vcpu)) :
			npt_space_read(space, gpa, data, len, nowait(vcpu));
	if (!err)
		return EMUL_OK;
	if (err != -EFAULT && err != -EROFS)
		return memory_error(ctxt, err);
	if (flags & EMUL_ACC_BATCH)
		return EMUL_SINGLE;
	return devices(ctxt, gpa, data, len, write, flags);
}

int vmm_emul_fetch(struct emul_ctxt *ctxt, u64 la, void *data, unsigned int len)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	u32 access = code_access(ctxt->cpl);
	struct place place;
	int rc, err;

	if (read_remembered(vcpu, la, access, data, len))
		return EMUL_OK;
	rc = translate(vcpu, la, access, &place);
	if (rc != EMUL_OK)
		return rc;
	err = npt_space_read(&vcpu->vm->space, place.gpa, data, len, nowait(vcpu));
	if (err == -EFAULT) {
		ctxt->stop_why = "code where there is no memory";
		return EMUL_STOP;
	}
	return err ? memory_error(ctxt, err) : EMUL_OK;
}

/*
 * Notes breakpoints on an access that has been made.  They are on linear
 * addresses; tables that are read are no data.
 */
static void watch(struct emul_ctxt *ctxt, enum vmm_watch what, u64 la,
		  unsigned int len, unsigned int flags)
{
	if (!(flags & (EMUL_ACC_SYSTEM | EMUL_ACC_CHECK)))
		vmm_vcpu_watch(of_ctxt(ctxt), what, la, len);
}

static int read(struct emul_ctxt *ctxt, u64 la, void *data, unsigned int len,
		unsigned int flags)
{
	u32 access = data_access(ctxt, flags, false);
	unsigned int n;
	struct place place;
	int rc;

	for (; len; len -= n, la += n, data += n) {
		n = in_page(la, len);
		rc = translate(of_ctxt(ctxt), la, access, &place);
		/* What must not be written may well be read. */
		if (flags & EMUL_ACC_RMW)
			place.device = false;
		if (rc == EMUL_OK)
			rc = access_page(ctxt, &place, data, n, false, flags);
		if (rc != EMUL_OK)
			return rc;
	}
	return EMUL_OK;
}

int vmm_emul_read(struct emul_ctxt *ctxt, u64 la, void *data, unsigned int len,
		  unsigned int flags)
{
	int rc = read(ctxt, la, data, len, flags);

	if (rc == EMUL_OK)
		watch(ctxt, VMM_WATCH_READ, la, len, flags);
	return rc;
}

/* Both pages of a write must be writable before either is written. */
static int translate_both(struct emul_ctxt *ctxt, u64 la, unsigned int len,
			  u32 access, struct place place[2])
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	unsigned int first = in_page(la, len);
	int rc;

	rc = translate(vcpu, la, access, &place[0]);
	if (rc == EMUL_OK && first < len)
		rc = translate(vcpu, la + first, access, &place[1]);
	return rc;
}

static int write(struct emul_ctxt *ctxt, u64 la, const void *data,
		 unsigned int len, unsigned int flags)
{
	unsigned int first = in_page(la, len), keep = flags;
	void *from = (void *)data;
	struct place place[2];
	int rc;

	rc = translate_both(ctxt, la, len, data_access(ctxt, flags, true),
			    place);
	if (rc != EMUL_OK || (flags & EMUL_ACC_CHECK))
		return rc;
	if (first < len) {
		/*
		 * A retry after half of the store would compute from what that
		 * half left: allow none between the two.
		 */
		if (!ctxt->may_sleep)
			return EMUL_RETRY_SLEEP;
		keep &= ~EMUL_ACC_LAST;
	}
	rc = access_page(ctxt, &place[0], from, first, true, keep);
	if (rc != EMUL_OK || first == len)
		return rc;
	return access_page(ctxt, &place[1], from + first, len - first,
			   true, flags);
}

int vmm_emul_write(struct emul_ctxt *ctxt, u64 la, const void *data,
		   unsigned int len, unsigned int flags)
{
	int rc = write(ctxt, la, data, len, flags);

	if (rc == EMUL_OK || rc == EMUL_POSTED)
		watch(ctxt, VMM_WATCH_WRITE, la, len, flags);
	return rc;
}

static int exchange(struct emul_ctxt *ctxt, u64 la, void *old, const void *new,
		    unsigned int len, unsigned int flags)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct npt_space *space = &vcpu->vm->space;
	struct place place;
	u64 gpa, was = 0, val = 0;
	int rc, err;

	/* Only naturally aligned words can be exchanged in one piece. */
	if (len > sizeof(u64) || (la & (len - 1)))
		return write(ctxt, la, new, len, flags);
	rc = translate(vcpu, la, data_access(ctxt, flags, true), &place);
	if (rc != EMUL_OK)
		return rc;
	gpa = place.gpa;
	if (place.device || vmm_lapic_covers(&vcpu->apic, gpa))
		return devices(ctxt, gpa, (void *)new, len, true, flags);
	memcpy(&was, old, len);
	memcpy(&val, new, len);
	err = npt_space_cmpxchg(space, gpa, was, val, len, nowait(vcpu));
	if (err == -ESTALE)
		err = npt_space_read(space, gpa, old, len, nowait(vcpu));
	if (!err)
		return EMUL_OK;
	if (err != -EFAULT && err != -EROFS)
		return memory_error(ctxt, err);
	return devices(ctxt, gpa, (void *)new, len, true, flags);
}

int vmm_emul_cmpxchg(struct emul_ctxt *ctxt, u64 la, void *old, const void *new,
		     unsigned int len, unsigned int flags)
{
	int rc = exchange(ctxt, la, old, new, len, flags);

	if (rc == EMUL_OK || rc == EMUL_POSTED)
		watch(ctxt, VMM_WATCH_WRITE, la, len, flags);
	return rc;
}

/* ---- devices ------------------------------------------------------------------ */

static int mmio_in_kernel(struct vmm_vcpu *vcpu, const struct emul_mmio *io)
{
	u64 val = 0;
	int err = 0;

	if (io->write)
		memcpy(&val, io->data, io->len);
	if (vmm_lapic_covers(&vcpu->apic, io->gpa)) {
		if (io->write)
			vmm_lapic_mmio_write(&vcpu->apic,
					     offset_in_page(io->gpa), io->len,
					     val);
		else
			val = vmm_lapic_mmio_read(&vcpu->apic,
						  offset_in_page(io->gpa),
						  io->len);
	} else if (io->write) {
		err = vmm_bus_write(&vcpu->vm->mmio, io->gpa, io->len, val);
	} else {
		err = vmm_bus_read(&vcpu->vm->mmio, io->gpa, io->len, &val);
	}
	if (!err && !io->write)
		memcpy(io->data, &val, io->len);
	return err;
}

int vmm_emul_mmio(struct emul_ctxt *ctxt, const struct emul_mmio *io)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct vmm_run *run = vcpu->run;

	if (!mmio_in_kernel(vcpu, io))
		return EMUL_OK;
	if (!io->write || !(io->flags & EMUL_ACC_LAST))
		return EMUL_USER;
	run->reason = VMM_RUN_MMIO;
	run->mmio.gpa = io->gpa;
	run->mmio.len = io->len;
	run->mmio.write = 1;
	memcpy(run->mmio.data, io->data, io->len);
	return EMUL_POSTED;
}

static int pio_in_kernel(struct vmm_vcpu *vcpu, const struct emul_pio *io)
{
	struct vmm_bus *bus = &vcpu->vm->pio;
	void *data = io->data;
	u64 val;
	u32 i;
	int err;

	for (i = 0; i < io->count; i++, data += io->size) {
		val = 0;
		if (io->in) {
			err = vmm_bus_read(bus, io->port, io->size, &val);
			memcpy(data, &val, io->size);
		} else {
			memcpy(&val, data, io->size);
			err = vmm_bus_write(bus, io->port, io->size, val);
		}
		if (err)
			return err;
	}
	return 0;
}

int vmm_emul_pio(struct emul_ctxt *ctxt, const struct emul_pio *io)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct vmm_run *run = vcpu->run;
	void *shared = (void *)run + VMM_RUN_DATA_OFFSET;

	vmm_vcpu_watch(vcpu, VMM_WATCH_PORT, io->port, io->size);
	if (!pio_in_kernel(vcpu, io))
		return EMUL_OK;
	if (io->in || !(io->flags & EMUL_ACC_LAST))
		return EMUL_USER;
	run->reason = VMM_RUN_IO;
	run->io.port = io->port;
	run->io.size = io->size;
	run->io.write = 1;
	run->io.count = io->count;
	if (io->data != shared)
		memcpy(shared, io->data, io->size * io->count);
	return EMUL_POSTED;
}
