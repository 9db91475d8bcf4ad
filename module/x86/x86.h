/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processor beyond what a backend's hardware keeps: CPUID, MSRs, FPU and
 * time of one vCPU (struct vmm_x86, embedded in the vCPU) and of one VM (struct
 * vmm_x86_vm, embedded in the VM).
 *
 * This code knows neither VMs nor vCPUs.  It reaches out through struct
 * vmm_x86_ops, whose functions find the vCPU by container_of().
 *
 * A struct vmm_x86 belongs to the thread that owns its vCPU.
 */
#ifndef VMM_X86_X86_H
#define VMM_X86_X86_H

#include "x86/clock.h"
#include "x86/cpuid.h"
#include "x86/creg.h"
#include "x86/fpu.h"
#include "x86/msr.h"
#include "x86/pvtime.h"

/**
 * struct vmm_x86_ops - what x86/ needs of its embedder
 * @get_cr:	CR0, CR3 or CR4
 * @get_efer, @set_efer: EFER, checked by the caller, LMA included
 * @get_msr, @set_msr: MSRs that the backend's hardware switches; -ENOENT for
 *		others.  Values are checked by the caller
 * @lapic_get_msr, @lapic_set_msr: IA32_APIC_BASE, the x2APIC range and
 *		IA32_TSC_DEADLINE; 0, or -EINVAL for #GP; @host: user space asks,
 *		who may write registers that the guest cannot
 * @set_tsc_offset: guest TSC = host TSC + offset from the next entry on; also
 *		has TSC-deadline timers computed anew
 * @write_guest: writes guest-physical memory, within one page; with @atomic
 *		it does not sleep, -EAGAIN if it would have to; -EFAULT if
 *		there is no writable memory
 * @read_guest:	reads it, likewise
 * @is_writable: whether there is memory that can be written
 * @request_clock: has vmm_clock_update() called before this vCPU's guest is
 *		entered again, or those of all vCPUs of the VM (@all); any
 *		context
 *
 * All but @write_guest and @read_guest without @atomic may be called in the entry loop.
 */
struct vmm_x86_ops {
	u64 (*get_cr)(struct vmm_x86 *x86, unsigned int nr);
	u64 (*get_efer)(struct vmm_x86 *x86);
	void (*set_efer)(struct vmm_x86 *x86, u64 val);
	int (*get_msr)(struct vmm_x86 *x86, u32 index, u64 *val);
	int (*set_msr)(struct vmm_x86 *x86, u32 index, u64 val);
	int (*lapic_get_msr)(struct vmm_x86 *x86, u32 index, u64 *val,
			     bool host);
	int (*lapic_set_msr)(struct vmm_x86 *x86, u32 index, u64 val,
			     bool host);
	void (*set_tsc_offset)(struct vmm_x86 *x86, u64 offset);
	int (*write_guest)(struct vmm_x86 *x86, u64 gpa, const void *data,
			   size_t len, bool atomic);
	int (*read_guest)(struct vmm_x86 *x86, u64 gpa, void *data, size_t len,
			  bool atomic);
	bool (*is_writable)(struct vmm_x86 *x86, u64 gpa);
	void (*request_clock)(struct vmm_x86 *x86, bool all);
};

/**
 * struct vmm_x86_vm - x86 state of a VM
 * @clock:	its time
 * @nr_vcpus:	cores that CPUID shows; constant
 */
struct vmm_x86_vm {
	struct vmm_clock_vm clock;
	unsigned int nr_vcpus;
};

/**
 * struct vmm_x86 - x86 state of a vCPU
 * @vm:		the VM's part; constant
 * @ops:	the way out; constant
 * @apic_id:	the vCPU's initial APIC id; constant
 * @loaded:	between vmm_x86_load() and vmm_x86_put()
 * @host_tsc_aux: the host's IA32_TSC_AUX, while @aux_switched
 * @aux_switched: the guest's is in the processor instead
 */
struct vmm_x86 {
	struct vmm_x86_vm *vm;
	const struct vmm_x86_ops *ops;
	u32 apic_id;
	bool loaded;
	bool aux_switched;
	u32 host_tsc_aux;
	struct vmm_fpu fpu;
	struct vmm_clock clock;
	struct vmm_msr_state msr;
	struct vmm_cpuid_state cpuid;
};

/*
 * Once, when the module loads, process context.  @phys_bits: guest-physical
 * width that the nested tables carry.
 */
int vmm_x86_setup(unsigned int phys_bits);

void vmm_x86_vm_init(struct vmm_x86_vm *vm, unsigned int nr_vcpus);

/*
 * Process context.  Init calls none of the ops; vmm_x86_reset() must follow
 * before the guest is entered.
 */
int vmm_x86_init(struct vmm_x86 *x86, struct vmm_x86_vm *vm,
		 const struct vmm_x86_ops *ops, u32 apic_id);
void vmm_x86_destroy(struct vmm_x86 *x86);

/*
 * Power-on reset, or INIT (@init).  Not loaded.  Hands PAT and the TSC offset to
 * the backend again, whose own reset has come before.
 */
void vmm_x86_reset(struct vmm_x86 *x86, bool init);

/*
 * Puts the guest's FPU state and TSC_AUX into the processor, and takes them
 * out again.  Preemption off from load to put, interrupts on in both.
 */
void vmm_x86_load(struct vmm_x86 *x86);
void vmm_x86_put(struct vmm_x86 *x86);

/* For msr.c: writes that take effect in the processor at once. */
void vmm_x86_load_tsc_aux(struct vmm_x86 *x86);
void vmm_x86_ibpb(void);

static inline const struct vmm_cpu_limits *
vmm_x86_limits(const struct vmm_x86 *x86)
{
	return &x86->cpuid.limits;
}

#endif
