/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The state of a VM, its memory aside, as a stream of records.
 *
 * VMM_VM_GET_STATE writes it, VMM_VM_SET_STATE takes it, and what a monitor has of
 * its own devices goes into records of the same form.  Documentation/state.rst has
 * the rules: how a record is added, when its version grows, what becomes of time.
 *
 * A record is a header and @size bytes of payload, which is a multiple of 8; the
 * next one follows at once.  The records of a stream have one order: VM before
 * vCPUs, vCPUs by their id, and of each the types by number, every type once.  The
 * last one is VMM_STATE_END.  Numbers are little-endian.  Fields named pad or
 * reserved are zero.
 */
#ifndef _UAPI_LINUX_VMM_STATE_H
#define _UAPI_LINUX_VMM_STATE_H

#include <linux/types.h>
#include <linux/vmm.h>

/**
 * struct vmm_vm_state - the state of a VM, its memory aside
 * @data:	address of the stream, described below
 * @size:	get: room at @data; out: bytes of the stream.  Set: bytes of it
 * @flags:	VMM_STATE_ANY_TSC
 * @record:	out, of a set that is refused: where in the stream the record begins
 *		that is the reason, or the one that lacks
 * @seen:	out, likewise: the type of that record
 *
 * The VM is paused, and none of its vCPUs is inside VMM_VCPU_RUN.  A set takes
 * the whole stream or changes nothing; the VM has the vCPUs that are in it, and may
 * have run before.  Devices that raise interrupts are quiet meanwhile.  What is in
 * guest memory, slots, doorbells and irqfds are no part of it.
 *
 * Both: EBUSY: the VM is not paused, or a vCPU is in use.
 * Get: ENOSPC: @size is too small; it tells what is needed.  EINPROGRESS: a vCPU
 * waits for user space to finish an access: run it once more.  ENOTRECOVERABLE: a
 * vCPU has stopped for good.
 * Set: EBADMSG: no such stream, or of another version, or not all of it.  ENXIO:
 * it has other vCPUs.  EOPNOTSUPP: this host lacks features that the guest has been
 * told of.  EDOM: the guest's time-stamp counter ticks more than 250 ppm faster or
 * slower than this host's.  EINVAL: a value that cannot be.  E2BIG: @size is above
 * VMM_STATE_MAX.
 */
struct vmm_vm_state {
	__u64 data;
	__u64 size;
	__u32 flags;
	__u32 seen;
	__u64 record;
	__u64 reserved[2];
};

#define VMM_STATE_ANY_TSC	(1U << 0)	/* set: whatever the frequency */

#define VMM_VM_GET_STATE	_IOWR(VMM_IOC, 0x2c, struct vmm_vm_state)
#define VMM_VM_SET_STATE	_IOWR(VMM_IOC, 0x2d, struct vmm_vm_state)

/**
 * struct vmm_state_record - the header
 * @type:	VMM_STATE_*
 * @version:	of the type's payload, from 1 on
 * @flags:	0
 * @instance:	a vCPU's APIC id; 0 where there is only one
 * @size:	of the payload, bytes, a multiple of 8
 */
struct vmm_state_record {
	__u32 type;
	__u16 version;
	__u16 flags;
	__u32 instance;
	__u32 size;
};

/* Types of a VM. */
#define VMM_STATE_VM		0x01
#define VMM_STATE_CLOCK		0x02
#define VMM_STATE_ROUTES	0x03	/* struct vmm_route[] */
#define VMM_STATE_LINES		0x04
#define VMM_STATE_PIC		0x05
#define VMM_STATE_IOAPIC	0x06
#define VMM_STATE_PIT		0x07

/* Types of a vCPU. */
#define VMM_STATE_CPUID		0x20	/* struct vmm_cpuid_entry[] */
#define VMM_STATE_REGS		0x21	/* struct vmm_regs */
#define VMM_STATE_SREGS		0x22
#define VMM_STATE_DEBUGREGS	0x23
#define VMM_STATE_MSRS		0x24
#define VMM_STATE_XSAVE		0x25	/* and the area behind it */
#define VMM_STATE_EVENTS	0x26
#define VMM_STATE_LAPIC		0x27
#define VMM_STATE_TIME		0x28

/* From here on types are not the kernel's. */
#define VMM_STATE_USER		0x10000

#define VMM_STATE_END		0xffffffffU

/* No stream of the kernel's is larger. */
#define VMM_STATE_MAX		(16U << 20)

/**
 * struct vmm_state_vm - what a VM must be like to take the stream
 * @magic:	VMM_STATE_MAGIC
 * @vcpus:	how many there are
 * @tsc_khz:	frequency of their time-stamp counters
 */
struct vmm_state_vm {
	__u64 magic;
	__u32 vcpus;
	__u32 tsc_khz;
};

#define VMM_STATE_MAGIC		0x65746174736d6d76ULL	/* "vmmstate" */

/**
 * struct vmm_state_clock - time of the VM
 * @ns:		its paravirtual clock
 * @tsc:	the counter of a vCPU that is in step with the others
 * @write_tsc:	a vCPU's last write of its counter, which another may join, and
 * @write_ago:	how long it is ago, in ticks
 * @has_write:	1: there was one that can be joined, else 0
 */
struct vmm_state_clock {
	__u64 ns;
	__u64 tsc;
	__u64 write_tsc;
	__u64 write_ago;
	__u32 has_write;
	__u32 pad;
};

/** struct vmm_state_lines - @user: bit by GSI, what VMM_VM_IRQ_LINE has asserted */
struct vmm_state_lines {
	__u64 user[VMM_MAX_GSI / 64];
};

/**
 * struct vmm_state_pic_chip - one 8259A
 * @irr, @isr, @imr: requested, in service, masked
 * @lines:	levels of the pins
 * @elcr:	pins that are level-triggered
 * @base:	vector of pin 0
 * @lowest:	pin of lowest priority
 * @init:	initialization word that is due: 0 none, 1 ICW2, 2 ICW3, 3 ICW4
 * @icw4, @single, @ltim: ICW1 has told so
 * @aeoi, @rotate_aeoi, @sfnm, @smm, @read_isr, @poll: modes, 0 or 1
 */
struct vmm_state_pic_chip {
	__u8 irr, isr, imr, lines, elcr, base, lowest, init;
	__u8 icw4, single, ltim, aeoi, rotate_aeoi, sfnm, smm, read_isr;
	__u8 poll;
	__u8 pad[7];
};

/** struct vmm_state_pic - the pair, the master first */
struct vmm_state_pic {
	struct vmm_state_pic_chip chip[2];
};

#define VMM_STATE_IOAPIC_PINS	24

/**
 * struct vmm_state_ioapic - the IOAPIC
 * @rte:	redirection entries as the guest reads them
 * @lines:	levels of the pins
 * @id, @select: registers
 */
struct vmm_state_ioapic {
	__u64 rte[VMM_STATE_IOAPIC_PINS];
	__u32 lines;
	__u8 id;
	__u8 select;
	__u8 pad[2];
};

/* struct vmm_state_pit_channel.flags */
#define VMM_STATE_PIT_BCD	(1U << 0)
#define VMM_STATE_PIT_GATE	(1U << 1)
#define VMM_STATE_PIT_STOPPED	(1U << 2)	/* by the gate, at @paused */
#define VMM_STATE_PIT_READ_HIGH	(1U << 3)	/* the next byte read is the high one */
#define VMM_STATE_PIT_WRITE_HIGH (1U << 4)
#define VMM_STATE_PIT_STATUS	(1U << 5)	/* the next read gives @status */

#define VMM_STATE_NEVER		(~0ULL)

/**
 * struct vmm_state_pit_channel - one counter of the 8254
 * @began_ago:	ns since its count began
 * @next_in:	ns until @next takes over, at most half of 2^64; VMM_STATE_NEVER: at a
 *		trigger.  Of a time gone by, its negative
 * @paused:	ticks that had gone by when the gate stopped it
 * @count:	what is counted down from, 1 to 65536; 0: none yet
 * @next:	a count that has not taken over; 0: none
 * @latched, @latch_bytes: what a latch command holds, how much is not read yet
 * @status:	what a read-back command holds
 * @mode:	0 to 5
 * @access:	1 low byte, 2 high byte, 3 both
 * @write_low:	low byte of a count whose high one is to come
 * @flags:	VMM_STATE_PIT_*
 */
struct vmm_state_pit_channel {
	__u64 began_ago;
	__u64 next_in;
	__u64 paused;
	__u32 count;
	__u32 next;
	__u16 latched;
	__u8 latch_bytes;
	__u8 status;
	__u8 mode;
	__u8 access;
	__u8 write_low;
	__u8 flags;
};

/** struct vmm_state_pit - @speaker: bits 0 and 1 of port 0x61; @line: of GSI 0 */
struct vmm_state_pit {
	struct vmm_state_pit_channel ch[3];
	__u8 speaker;
	__u8 line;
	__u8 pad[6];
};

/** struct vmm_state_sregs - as struct vmm_sregs, less what is in the local APIC's */
struct vmm_state_sregs {
	struct vmm_segment es, cs, ss, ds, fs, gs, ldtr, tr;
	struct vmm_dtable gdtr, idtr;
	__u64 cr0, cr2, cr3, cr4, efer;
};

/** struct vmm_state_debugregs - DR0 to DR3, DR6, DR7 */
struct vmm_state_debugregs {
	__u64 db[4];
	__u64 dr6, dr7;
};

/**
 * struct vmm_state_msrs - the registers of these names
 * @mtrr_base, @mtrr_mask, @mtrr_fixed: by number
 * @arch_capabilities: what the guest has been told; its value is the host's
 */
struct vmm_state_msrs {
	__u64 sysenter_cs, sysenter_esp, sysenter_eip;
	__u64 star, lstar, cstar, syscall_mask, kernel_gs_base;
	__u64 tsc_aux;
	__u64 pat;
	__u64 mtrr_deftype;
	__u64 mtrr_base[8], mtrr_mask[8], mtrr_fixed[11];
	__u64 misc_enable, mcg_status, microcode, hwcr, nb_cfg;
	__u64 arch_capabilities;
};

/** struct vmm_state_xsave - XCR0; an XSAVE area in the standard form follows */
struct vmm_state_xsave {
	__u64 xcr0;
};

/* struct vmm_state_event.flags */
#define VMM_STATE_EVENT_VALID	(1U << 0)
#define VMM_STATE_EVENT_ERROR	(1U << 1)	/* has an error code */

/** struct vmm_state_event - one, as in struct vmm_vcpu_events */
struct vmm_state_event {
	__u8 flags;
	__u8 type;
	__u8 vector;
	__u8 pad;
	__u32 error;
	__u64 cr2;
};

/* struct vmm_state_events.flags */
#define VMM_STATE_NMI_MASKED	(1U << 0)
#define VMM_STATE_IRQ_SHADOW	(1U << 1)	/* of STI or MOV SS */
#define VMM_STATE_INIT		(1U << 2)	/* INIT has come */
#define VMM_STATE_SIPI		(1U << 3)	/* after that, SIPI with its vector */
#define VMM_STATE_UNHALT	(1U << 4)	/* the next HLT is over at once */

/**
 * struct vmm_state_events - what is pending or under way
 * @injected:	was being delivered when the guest was left
 * @exception:	raised, not yet delivered
 * @mp_state:	VMM_MP_*
 * @flags:	VMM_STATE_NMI_MASKED and so on
 * @nmis:	how many wait, 0 to 2
 */
struct vmm_state_events {
	struct vmm_state_event injected, exception;
	__u32 mp_state;
	__u32 flags;
	__u8 nmis;
	__u8 sipi_vector;
	__u8 pad[6];
};

/**
 * struct vmm_state_lapic - a local APIC
 * @base:	IA32_APIC_BASE
 * @deadline:	IA32_TSC_DEADLINE, also if it has been reached and nobody told
 * @esr_latch:	errors not yet moved to ESR
 * @extint:	1: an ExtINT message awaits its acknowledge
 * @lint0:	level of that pin
 * @regs:	the register page
 */
struct vmm_state_lapic {
	__u64 base;
	__u64 deadline;
	__u32 esr_latch;
	__u8 extint;
	__u8 lint0;
	__u8 pad[2];
	__u8 regs[1024];
};

/* struct vmm_state_time.flags */
#define VMM_STATE_IN_STEP	(1U << 0)	/* with vmm_state_clock.tsc */
#define VMM_STATE_TIME_DUE	(1U << 1)	/* the guest is to be told the time */
#define VMM_STATE_WALL_DUE	(1U << 2)
#define VMM_STATE_STEAL_DUE	(1U << 3)
#define VMM_STATE_STEAL_ADOPT	(1U << 4)	/* on top of what is in guest memory */
#define VMM_STATE_PREEMPTED	(1U << 5)	/* the guest was told so */

/**
 * struct vmm_state_time - time of a vCPU
 * @tsc:	the counter
 * @tsc_adjust:	IA32_TSC_ADJUST
 * @time_msr, @wall_msr, @steal_msr: where in guest memory the areas are
 * @steal_ns:	steal time told, or to be told
 * @version, @wall_version, @steal_version: of the areas
 * @flags:	VMM_STATE_IN_STEP and so on
 */
struct vmm_state_time {
	__u64 tsc;
	__u64 tsc_adjust;
	__u64 time_msr, wall_msr, steal_msr;
	__u64 steal_ns;
	__u32 version, wall_version, steal_version;
	__u32 flags;
};

/** struct vmm_state_end - @records: how many came before; @bytes: how long they are */
struct vmm_state_end {
	__u64 records;
	__u64 bytes;
};

#endif
