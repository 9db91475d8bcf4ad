// SPDX-License-Identifier: GPL-2.0
/*
 * The table of abi32.h; built twice, once with the alignment of 32-bit callers.
 */
#include <linux/vmm.h>
#include <linux/vmm_ksm.h>
#include <linux/vmm_mem.h>
#include <linux/vmm_state.h>

#include "abi32.h"

#ifdef ABI32
#define TABLE abi32
#else
#define TABLE abi64
#endif

#define STRUCT(type, field) \
	{ #type, sizeof(struct type), offsetof(struct type, field) }

const struct abi_struct TABLE[] = {
	STRUCT(vmm_info, reserved),
	STRUCT(vmm_create_vm, reserved),
	STRUCT(vmm_create_mem, reserved),
	STRUCT(vmm_cpuid_entry, pad),
	STRUCT(vmm_cpuid, entries),
	STRUCT(vmm_set_slot, reserved),
	STRUCT(vmm_create_vcpu, reserved),
	STRUCT(vmm_irq_line, level),
	STRUCT(vmm_msi, pad),
	STRUCT(vmm_route, address),
	STRUCT(vmm_routes, routes),
	STRUCT(vmm_ioeventfd, reserved),
	STRUCT(vmm_irqfd, reserved),
	STRUCT(vmm_stats, names),
	STRUCT(vmm_vm_requests, pad),
	STRUCT(vmm_vm_clock, ns),
	STRUCT(vmm_dirty_log, reserved),
	STRUCT(vmm_vm_state, reserved),
	STRUCT(vmm_state_record, size),
	STRUCT(vmm_state_vm, tsc_khz),
	STRUCT(vmm_state_clock, pad),
	STRUCT(vmm_state_lines, user),
	STRUCT(vmm_state_pic, chip[1].pad),
	STRUCT(vmm_state_ioapic, pad),
	STRUCT(vmm_state_pit_channel, flags),
	STRUCT(vmm_state_pit, pad),
	STRUCT(vmm_state_sregs, efer),
	STRUCT(vmm_state_debugregs, dr7),
	STRUCT(vmm_state_msrs, arch_capabilities),
	STRUCT(vmm_state_xsave, xcr0),
	STRUCT(vmm_state_events, pad),
	STRUCT(vmm_state_lapic, regs),
	STRUCT(vmm_state_time, flags),
	STRUCT(vmm_state_end, bytes),
	STRUCT(vmm_mem_freeze, reserved),
	STRUCT(vmm_mem_fork, reserved),
	STRUCT(vmm_mem_return, reserved),
	STRUCT(vmm_mem_extent, pages),
	STRUCT(vmm_mem_differ, reserved),
	STRUCT(vmm_mem_reclaim, reserved),
	STRUCT(vmm_mem_swap, reserved),
	STRUCT(vmm_ksm_page, object),
	STRUCT(vmm_run, rip),
	STRUCT(vmm_run, mmio.write),
	STRUCT(vmm_run, fail.pad),
	STRUCT(vmm_run, text),
	STRUCT(vmm_regs, rflags),
	STRUCT(vmm_segment, pad2),
	STRUCT(vmm_dtable, pad),
	STRUCT(vmm_sregs, reserved),
	STRUCT(vmm_msr_entry, value),
	STRUCT(vmm_msrs, entries),
	STRUCT(vmm_xsave, xcr0),
	STRUCT(vmm_debugregs, reserved),
	STRUCT(vmm_vcpu_events, reserved),
	STRUCT(vmm_lapic_state, regs),
};

#ifndef ABI32
const size_t abi_count = sizeof(TABLE) / sizeof(TABLE[0]);
#endif
