// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of the executor for a vCPU, and the exchange with user space.
 *
 * An access that user space must serve ends the run with nothing committed; the
 * executor's log keeps it.  User space answers in struct vmm_run, the next run
 * call passes the answer on and executes the instruction again.  A store that
 * is the last effect of its instruction is posted instead: the instruction is
 * over when user space gets it.
 */
#include <asm/trapnr.h>

#include "core/vcpu.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "emul/memory.h"
#include "uapi/linux/vmm.h"

void vmm_emul_prepare(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		      bool atomic)
{
	struct emul_ctxt *ctxt = &vcpu->emul;
	struct vmm_cpu_mode mode;

	vmm_backend->get_mode(vcpu, &mode);
	vmm_emul_memory_begin(vcpu, &mode);
	ctxt->rip = vcpu->rip;
	ctxt->rflags = vcpu->rflags;
	ctxt->mode = vmm_mode_emul(&mode, vcpu->rflags);
	ctxt->cpl = mode.cpl;
	ctxt->may_sleep = !atomic;
	/* What a step that goes on has met it does not meet again. */
	if (!emul_busy(ctxt))
		vcpu->db_hits = 0;
	ctxt->fetched_len = exit ? min_t(u8, exit->nr_insn, EMUL_MAX_LEN) : 0;
	if (ctxt->fetched_len)
		memcpy(ctxt->fetched, exit->insn, ctxt->fetched_len);
}

int vmm_emul_raise(struct vmm_vcpu *vcpu)
{
	const struct emul_exception *exc = &vcpu->emul.exc;
	struct vmm_event ev = {
		.valid = 1,
		.type = VMM_EVENT_EXC,
		.vector = exc->vector,
		.has_error = exc->has_error,
		.error = exc->error_code,
		.cr2 = exc->cr2,
	};

	vmm_vcpu_raise_event(vcpu, &ev);
	return VMM_RESUME;
}

static void commit(struct vmm_vcpu *vcpu)
{
	struct emul_ctxt *ctxt = &vcpu->emul;

	vcpu->rip = ctxt->rip;
	vcpu->rflags = ctxt->rflags;
	vcpu->irq_shadow = ctxt->shadow;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_EMULATED);
	if (unlikely(ctxt->was_tf) || unlikely(vcpu->db_hits))
		vmm_vcpu_trap(vcpu, ctxt->was_tf);
}

static int stop(struct vmm_vcpu *vcpu)
{
	struct emul_ctxt *ctxt = &vcpu->emul;
	struct vmm_run *run = vcpu->run;

	emul_cancel(ctxt);
	/* Programs of the guest shall not be able to end it. */
	if (ctxt->cpl == 3) {
		vmm_vcpu_raise(vcpu, X86_TRAP_UD);
		return VMM_RESUME;
	}
	memset(&run->fail, 0, sizeof(run->fail));
	run->fail.insn_len = ctxt->fetched_len;
	memcpy(run->fail.insn, ctxt->fetched, ctxt->fetched_len);
	return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
			     "cannot emulate the instruction at %#llx (%*ph): %s",
			     vcpu->rip, ctxt->fetched_len, ctxt->fetched,
			     ctxt->stop_why ?: "not in the executor's table");
}

/* Shows user space the access that the run waits for. */
static int ask_user(struct vmm_vcpu *vcpu)
{
	const struct emul_access *acc = emul_pending(&vcpu->emul);
	struct vmm_run *run = vcpu->run;

	if (WARN_ON_ONCE(!acc))
		return -EIO;
	vcpu->user_io = VMM_IO_EMUL;
	if (acc->pio) {
		run->reason = VMM_RUN_IO;
		run->io.port = acc->addr;
		run->io.size = acc->len;
		run->io.write = acc->write;
		run->io.count = acc->count;
		if (acc->write && acc->count == 1)
			memcpy((void *)run + VMM_RUN_DATA_OFFSET, acc->data,
			       acc->len);
	} else {
		run->reason = VMM_RUN_MMIO;
		run->mmio.gpa = acc->addr;
		run->mmio.len = acc->len;
		run->mmio.write = acc->write;
		if (acc->write)
			memcpy(run->mmio.data, acc->data, acc->len);
	}
	return VMM_TO_USER;
}

static int finish(struct vmm_vcpu *vcpu, int rc)
{
	switch (rc) {
	case EMUL_OK:
	case EMUL_CONTINUE:
		commit(vcpu);
		return VMM_RESUME;
	case EMUL_POSTED:
		commit(vcpu);
		vcpu->user_io = VMM_IO_POSTED;
		return VMM_TO_USER;
	case EMUL_EXCEPTION:
		vcpu->db_hits = 0;
		return vmm_emul_raise(vcpu);
	case EMUL_RETRY_SLEEP:
		if (!emul_busy(&vcpu->emul))
			vcpu->db_hits = 0;
		return VMM_WOULD_SLEEP;
	case EMUL_USER:
		return ask_user(vcpu);
	}
	vcpu->db_hits = 0;
	return stop(vcpu);
}

int vmm_emulate(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	vmm_emul_prepare(vcpu, exit, atomic);
	return finish(vcpu, emul_run(&vcpu->emul));
}

/*
 * Goes on with the step that has been begun.  The guest has not run since, nor
 * has user space set registers, so that all is as it was prepared and fetched.
 */
static int resume_step(struct vmm_vcpu *vcpu)
{
	vcpu->emul.may_sleep = true;
	return finish(vcpu, emul_exec(&vcpu->emul));
}

/*
 * Delivering an event is the processor's work, and is not done by hand where
 * what it needs is no memory.
 */
static int stop_delivery(struct vmm_vcpu *vcpu, const struct vmm_exit *exit)
{
	static const char *const kinds[] = {
		[VMM_EVENT_INTR] = "interrupt", [VMM_EVENT_NMI] = "NMI",
		[VMM_EVENT_EXC] = "exception",
	};
	const struct vmm_events *ev = &vcpu->events;
	const char *kind = "software interrupt";
	u8 vector = ev->again.vector;

	if (ev->injected.valid) {
		kind = kinds[ev->injected.type] ?: "event";
		vector = ev->injected.vector;
	}
	return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
			     "%s %u cannot be delivered: it %s %#llx, where there is no memory%s",
			     kind, vector,
			     exit->npf.access & VMM_ACCESS_WRITE ?
			     "pushes to a stack at" : "reads a table or stack at",
			     exit->npf.gpa,
			     exit->npf.access & VMM_ACCESS_WRITE ?
			     " to write" : "");
}

int vmm_emulate_access(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
		       bool atomic)
{
	if (exit->npf.access & VMM_ACCESS_PT_WALK)
		return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
				     "guest page tables at %#llx, where there is no memory",
				     exit->npf.gpa);
	if (exit->npf.access & VMM_ACCESS_FETCH)
		return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
				     "guest runs code at %#llx, where there is no memory",
				     exit->npf.gpa);
	if (vcpu->events.injected.valid || vcpu->events.again.any)
		return stop_delivery(vcpu, exit);
	return vmm_emulate(vcpu, exit, atomic);
}

/*
 * The instructions that exit by themselves, as everybody writes them: without
 * prefixes.
 */
static const struct plain {
	u8 len;
	u8 bytes[3];
} plain[VMM_NR_EXIT_REASONS] = {
	[VMM_EXIT_CPUID]	= { 2, { 0x0f, 0xa2 } },
	[VMM_EXIT_HLT]		= { 1, { 0xf4 } },
	[VMM_EXIT_MSR]		= { 2, { 0x0f, 0x32 } },
	[VMM_EXIT_HYPERCALL]	= { 3, { 0x0f, 0x01, 0xd9 } },
	[VMM_EXIT_XSETBV]	= { 3, { 0x0f, 0x01, 0xd1 } },
	[VMM_EXIT_WBINVD]	= { 2, { 0x0f, 0x09 } },
};

/* The short way to a length, where it can be had: 0 if not. */
static u8 plain_length(struct vmm_vcpu *vcpu, const struct vmm_exit *exit)
{
	const struct plain *p = &plain[exit->reason];
	static const u8 wrmsr[] = { 0x0f, 0x30 };
	const u8 *bytes = p->bytes;
	struct vmm_cpu_mode mode;

	if (!p->len)
		return 0;
	vmm_backend->get_mode(vcpu, &mode);
	if (vmm_mode_emul(&mode, vcpu->rflags) != EMUL_MODE_LONG64)
		return 0;
	if (exit->reason == VMM_EXIT_MSR && exit->msr.write)
		bytes = wrmsr;
	vmm_emul_memory_begin(vcpu, &mode);
	return vmm_emul_code_is(vcpu, vcpu->rip, mode.cpl, bytes, p->len) ?
		p->len : 0;
}

int vmm_emul_length(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	int rc;

	exit->insn_len = plain_length(vcpu, exit);
	if (exit->insn_len)
		return VMM_RESUME;
	vmm_emul_prepare(vcpu, exit, atomic);
	rc = emul_fetch(&vcpu->emul);
	if (rc != EMUL_OK)
		return finish(vcpu, rc);
	exit->insn_len = vcpu->emul.insn.len;
	return VMM_RESUME;
}

bool vmm_emul_is_hypercall(const struct vmm_vcpu *vcpu)
{
	const struct emul_insn *insn = &vcpu->emul.insn;

	return insn->map == EMUL_MAP_0F && insn->opcode == 0x01 &&
	       (insn->modrm == 0xc1 || insn->modrm == 0xd9);
}

int vmm_emul_port_to_user(struct vmm_vcpu *vcpu, struct vmm_exit *exit)
{
	struct vmm_run *run = vcpu->run;

	run->reason = VMM_RUN_IO;
	run->io.port = exit->io.port;
	run->io.size = exit->io.size;
	run->io.write = !exit->io.in;
	run->io.count = 1;
	if (exit->io.in) {
		vcpu->user_io = VMM_IO_PORT;
		vcpu->pio.size = exit->io.size;
		vcpu->pio.len = exit->insn_len;
		return VMM_TO_USER;
	}
	memcpy((void *)run + VMM_RUN_DATA_OFFSET, &vcpu->gpr[EMUL_RAX],
	       exit->io.size);
	vcpu->user_io = VMM_IO_POSTED;
	vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_TO_USER;
}

static void complete_in(struct vmm_vcpu *vcpu)
{
	const void *data = (void *)vcpu->run + VMM_RUN_DATA_OFFSET;
	u64 *rax = &vcpu->gpr[EMUL_RAX];

	switch (vcpu->pio.size) {
	case 1:
		*rax = (*rax & ~0xffULL) | READ_ONCE(*(u8 *)data);
		break;
	case 2:
		*rax = (*rax & ~0xffffULL) | READ_ONCE(*(u16 *)data);
		break;
	case 4:
		*rax = READ_ONCE(*(u32 *)data);
		break;
	}
	vmm_vcpu_skip(vcpu, vcpu->pio.len);
}

static int complete_emul(struct vmm_vcpu *vcpu)
{
	const struct emul_access *acc = emul_pending(&vcpu->emul);
	u8 data[EMUL_DATA_MAX] = {};
	const void *from = NULL;

	if (WARN_ON_ONCE(!acc))
		return VMM_RESUME;
	if (!acc->write && !acc->pio)
		from = vcpu->run->mmio.data;
	else if (!acc->write && acc->count == 1)
		from = (void *)vcpu->run + VMM_RUN_DATA_OFFSET;
	if (from)
		memcpy(data, from, min_t(u8, acc->len, 8));
	emul_complete(&vcpu->emul, from ? data : NULL);
	return resume_step(vcpu);
}

int vmm_emul_complete_user(struct vmm_vcpu *vcpu)
{
	u8 what = vcpu->user_io;

	vcpu->user_io = VMM_IO_NONE;
	switch (what) {
	case VMM_IO_PORT:
		complete_in(vcpu);
		return VMM_RESUME;
	case VMM_IO_EMUL:
		return complete_emul(vcpu);
	}
	/* A step that a signal interrupted has to be ended first. */
	if (emul_busy(&vcpu->emul))
		return resume_step(vcpu);
	return VMM_RESUME;
}

void vmm_emul_forget_user(struct vmm_vcpu *vcpu)
{
	vcpu->user_io = VMM_IO_NONE;
	vcpu->db_hits = 0;
	emul_cancel(&vcpu->emul);
}
