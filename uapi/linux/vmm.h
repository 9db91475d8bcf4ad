/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The character-device interface of vmm.
 *
 * Four kinds of file descriptor: /dev/vmm itself makes VMs and memory
 * objects; a VM makes vCPUs and joins memory to guest-physical ranges; a vCPU
 * runs and has its registers read and written; a memory object is guest RAM
 * that can be mapped.  Every structure has fixed-width fields and the same
 * layout for 32-bit and 64-bit callers.  Fields named reserved must be zero.
 *
 * Errors that any call may give:
 *   ENOTTY     the command is not one of this file's
 *   EINVAL     a reserved field or an unknown flag is set, or a value is out
 *              of the range that its description gives
 *   EFAULT     the argument cannot be read or written
 *   ESHUTDOWN  the VM is dead: only VMM_VM_STATS, VMM_VM_KILL and closing its
 *              files are left
 *   EBUSY      the vCPU is inside VMM_VCPU_RUN, or used by another thread
 *   ENOMEM     memory, or the owner's memory cgroup, is exhausted
 * A call that fails has no effect.
 */
#ifndef _UAPI_LINUX_VMM_H
#define _UAPI_LINUX_VMM_H

#include <linux/types.h>
#include <linux/ioctl.h>

/** VMM_ABI_VERSION: grows when a program built for the last one would break. */
#define VMM_ABI_VERSION	1

#define VMM_IOC		0xb6

/* ---- /dev/vmm ---------------------------------------------------------- */

#define VMM_NAME_LEN	64	/* with the closing NUL */

/* struct vmm_info.features */
#define VMM_FEAT_NESTED_PAGING	(1ULL << 0)
#define VMM_FEAT_NEXT_RIP	(1ULL << 1)
#define VMM_FEAT_DECODE_ASSISTS	(1ULL << 2)
#define VMM_FEAT_FLUSH_BY_ASID	(1ULL << 3)
#define VMM_FEAT_VNMI		(1ULL << 4)
#define VMM_FEAT_TSC_SCALING	(1ULL << 5)
#define VMM_FEAT_CLEAN_BITS	(1ULL << 6)
#define VMM_FEAT_PAUSE_FILTER	(1ULL << 7)
#define VMM_FEAT_STABLE_TSC	(1ULL << 8)
#define VMM_FEAT_APIC		(1ULL << 9)	/* in hardware */
#define VMM_FEAT_POSTED		(1ULL << 10)	/* posted interrupts */
#define VMM_FEAT_WRITE_LOG	(1ULL << 11)	/* processors log writes */

/**
 * struct vmm_info - what this module, on this host, offers
 * @abi:	VMM_ABI_VERSION of the module
 * @max_vcpus:	most vCPUs of one VM
 * @max_slots:	most slots of one VM
 * @run_size:	bytes to map from a vCPU file for struct vmm_run
 * @max_mem:	largest memory object, bytes
 * @phys_bits:	width of a guest-physical address
 * @tsc_khz:	frequency of the guests' time-stamp counter
 * @features:	VMM_FEAT_*
 * @xcr0:	XCR0 bits that a guest may set
 * @backend:	"svm" or "vmx"
 * @version:	version of the module
 */
struct vmm_info {
	__u32 abi;
	__u32 max_vcpus;
	__u32 max_slots;
	__u32 run_size;
	__u64 max_mem;
	__u32 phys_bits;
	__u32 tsc_khz;
	__u64 features;
	__u64 xcr0;
	char backend[16];
	char version[32];
	__u64 reserved[4];
};

/**
 * struct vmm_create_vm - argument of VMM_CREATE_VM; the call returns a file
 * @name:	a letter, then letters, digits, '.', '_' or '-'; may be empty
 * @vcpus:	how many vCPUs the VM will have at most, 1 to max_vcpus; it
 *		sets the topology that CPUID shows
 * @flags:	VMM_VM_*
 *
 * EEXIST: the name is in use, and was to be unique.  ENOSPC: too many VMs.
 */
struct vmm_create_vm {
	char name[VMM_NAME_LEN];
	__u32 vcpus;
	__u32 flags;
	__u64 reserved[4];
};

#define VMM_VM_UNIQUE_NAME	(1U << 0)	/* among the VMs of one owner */

/**
 * struct vmm_create_mem - argument of VMM_CREATE_MEM; the call returns a file
 * @size:	bytes, a multiple of 4096, 4096 to max_mem
 * @flags:	VMM_MEM_*
 */
struct vmm_create_mem {
	__u64 size;
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

#define VMM_MEM_SMALL_PAGES	(1U << 0)	/* never use 2 MiB blocks */

/**
 * struct vmm_cpuid_entry - one CPUID leaf
 * @leaf:	EAX on input
 * @subleaf:	ECX on input, where the leaf has subleaves
 * @flags:	VMM_CPUID_SUBLEAF: the leaf depends on ECX
 */
struct vmm_cpuid_entry {
	__u32 leaf;
	__u32 subleaf;
	__u32 flags;
	__u32 eax, ebx, ecx, edx;
	__u32 pad;
};

#define VMM_CPUID_SUBLEAF	(1U << 0)
#define VMM_MAX_CPUID		128

/**
 * struct vmm_cpuid - a CPUID table in the caller's memory
 * @count:	in: entries that @entries has room for, or that it holds;
 *		out: entries written (ENOSPC and the count needed if too few)
 * @entries:	address of struct vmm_cpuid_entry[count]
 *
 * Errors of VMM_VCPU_SET_CPUID: EINVAL for what VMM_SUPPORTED_CPUID does not
 * offer; EBUSY if it lacks the mode that the vCPU's APIC or its timer is in.
 */
struct vmm_cpuid {
	__u32 count;
	__u32 pad;
	__u64 entries;
};

#define VMM_INFO		_IOR(VMM_IOC, 0x00, struct vmm_info)
#define VMM_CREATE_VM		_IOW(VMM_IOC, 0x01, struct vmm_create_vm)
#define VMM_CREATE_MEM		_IOW(VMM_IOC, 0x02, struct vmm_create_mem)
#define VMM_SUPPORTED_CPUID	_IOWR(VMM_IOC, 0x03, struct vmm_cpuid)

/* ---- a VM -------------------------------------------------------------- */

/**
 * struct vmm_set_slot - joins a range of a memory object to guest-physical memory
 * @slot:	0 to max_slots - 1
 * @flags:	VMM_SLOT_*
 * @gpa:	first guest-physical address, a multiple of 4096
 * @size:	bytes, a multiple of 4096; 0 removes the slot
 * @offset:	where in the memory object, a multiple of 4096
 * @mem_fd:	the memory object; -1 when @size is 0
 *
 * EROFS: the object is frozen, and VMM_SLOT_READONLY is not set.
 * EEXIST: the range overlaps another slot, or the slot is in use (remove it
 * first).  ENOENT: the slot to remove is empty.  EBADF, EINVAL: mem_fd is no
 * file, or no memory object.  ERANGE: the range wraps, or passes the end of
 * the object or of guest-physical space.  EDQUOT: more memory than the VM may
 * have.
 */
struct vmm_set_slot {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 size;
	__u64 offset;
	__s32 mem_fd;
	__u32 pad;
	__u64 reserved[2];
};

#define VMM_SLOT_READONLY	(1U << 0)	/* guest writes become MMIO exits */

/**
 * struct vmm_create_vcpu - the call returns a file
 * @id:		its APIC id
 * @flags:	must be zero
 *
 * EEXIST: there is one.  EDQUOT: more vCPUs than the VM may have.
 */
struct vmm_create_vcpu {
	__u32 id;
	__u32 flags;
	__u64 reserved[2];
};

/** struct vmm_irq_line - drives an interrupt line.  @level is 0 or 1. */
struct vmm_irq_line {
	__u32 gsi;
	__u32 level;
};

/**
 * struct vmm_msi - one message-signalled interrupt
 *
 * EINVAL: the address is no local APIC's.  ENOENT: no local APIC takes it.
 */
struct vmm_msi {
	__u64 address;
	__u32 data;
	__u32 pad;
};

#define VMM_ROUTE_PIC		1
#define VMM_ROUTE_IOAPIC	2
#define VMM_ROUTE_MSI		3

/**
 * struct vmm_route - where a GSI goes; a GSI may have several routes
 * @gsi:	0 to VMM_MAX_GSI - 1
 * @type:	VMM_ROUTE_*
 * @pin:	PIC (0 to 15) or IOAPIC (0 to 23) input
 * @address:	MSI address
 * @data:	MSI data
 */
struct vmm_route {
	__u32 gsi;
	__u32 type;
	__u32 pin;
	__u32 data;
	__u64 address;
};

#define VMM_MAX_GSI		1024
#define VMM_MAX_ROUTES		2048

/** struct vmm_routes - replaces all routes.  @routes: address of an array. */
struct vmm_routes {
	__u32 count;
	__u32 flags;
	__u64 routes;
};

/**
 * struct vmm_ioeventfd - a guest write that signals an eventfd, in the kernel
 * @addr:	port or guest-physical address
 * @datamatch:	the value written, with VMM_IOEVENTFD_DATAMATCH
 * @len:	width of the write: 1, 2, 4 or 8; 0 matches any (no datamatch)
 * @fd:		the eventfd
 * @flags:	VMM_IOEVENTFD_*
 */
struct vmm_ioeventfd {
	__u64 addr;
	__u64 datamatch;
	__u32 len;
	__s32 fd;
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

#define VMM_IOEVENTFD_PIO	(1U << 0)
#define VMM_IOEVENTFD_DATAMATCH	(1U << 1)
#define VMM_IOEVENTFD_DEASSIGN	(1U << 2)

/**
 * struct vmm_irqfd - an eventfd that raises a GSI when signalled
 * @fd:		the eventfd
 * @gsi:	its GSI
 * @resample_fd: with VMM_IRQFD_RESAMPLE: the GSI is level-triggered, stays
 *		asserted until the guest's EOI, and then this eventfd is signalled
 * @flags:	VMM_IRQFD_*
 */
struct vmm_irqfd {
	__s32 fd;
	__u32 gsi;
	__s32 resample_fd;
	__u32 flags;
	__u64 reserved[2];
};

#define VMM_IRQFD_DEASSIGN	(1U << 0)
#define VMM_IRQFD_RESAMPLE	(1U << 1)

#define VMM_VM_SET_SLOT		_IOW(VMM_IOC, 0x20, struct vmm_set_slot)
#define VMM_VM_CREATE_VCPU	_IOW(VMM_IOC, 0x21, struct vmm_create_vcpu)
#define VMM_VM_IRQ_LINE		_IOW(VMM_IOC, 0x22, struct vmm_irq_line)
#define VMM_VM_SIGNAL_MSI	_IOW(VMM_IOC, 0x23, struct vmm_msi)
#define VMM_VM_SET_ROUTES	_IOW(VMM_IOC, 0x24, struct vmm_routes)
#define VMM_VM_IOEVENTFD	_IOW(VMM_IOC, 0x25, struct vmm_ioeventfd)
#define VMM_VM_IRQFD		_IOW(VMM_IOC, 0x26, struct vmm_irqfd)
/** VMM_VM_KILL: the VM is dead for good; every run call returns ESHUTDOWN. */
#define VMM_VM_KILL		_IO(VMM_IOC, 0x27)
#define VMM_VM_STATS		_IOWR(VMM_IOC, 0x28, struct vmm_stats)
#define VMM_VM_TAKE_REQUESTS	_IOR(VMM_IOC, 0x29, struct vmm_vm_requests)

/**
 * struct vmm_stats - counters, summed over the vCPUs of the VM
 * @count:	in: room in @values; out: counters that exist
 * @values:	address of __u64[count], in the order of stats_list.h
 * @names:	address of char[count][VMM_STAT_NAME_LEN], or 0
 */
struct vmm_stats {
	__u32 count;
	__u32 pad;
	__u64 values;
	__u64 names;
};

#define VMM_STAT_NAME_LEN	32

#define VMM_REQUEST_STOP	(1U << 0)	/* press the ACPI power button */
#define VMM_REQUEST_RESET	(1U << 1)	/* reset the machine */

/**
 * struct vmm_vm_requests - what others asked of the VM's process, and is forgotten
 * @requests:	out: VMM_REQUEST_*
 *
 * A VM's file polls readable while there are any, and hung up once it is dead.
 */
struct vmm_vm_requests {
	__u32 requests;
	__u32 pad;
};

/**
 * struct vmm_vm_clock - the time of a VM, for devices of its process that count time
 * @ns:		out: since the VM was made, as its paravirtual clock has it; stands
 *		still while the VM is paused
 */
struct vmm_vm_clock {
	__u64 ns;
};

/**
 * enum vmm_dirty_op - what VMM_VM_DIRTY_LOG does to the dirty log of a slot
 * @VMM_DIRTY_START:	begins one: no page is written so far.  EEXIST: it has one
 * @VMM_DIRTY_READ:	tells the pages written since, and starts over for these
 * @VMM_DIRTY_STOP:	ends it; the removal of the slot does too
 */
enum vmm_dirty_op {
	VMM_DIRTY_START		= 1,
	VMM_DIRTY_READ		= 2,
	VMM_DIRTY_STOP		= 3,
};

/**
 * struct vmm_dirty_log - which pages of a slot have been written
 * @slot:	its number
 * @op:		enum vmm_dirty_op
 * @first:	VMM_DIRTY_READ: first page of the slot to tell of, a multiple of 64
 * @pages:	how many, a multiple of 64 or up to the slot's end; not 0
 * @bitmap:	address of __u64[(@pages + 63) / 64] to be filled, a bit a page of
 *		4 KiB, from the lowest of the first word on
 * The last three are 0 for the other operations.
 *
 * Writes count that vCPUs do, the processor's to the guest's own page tables
 * included, and that the kernel does for the guest, and pages that left the memory
 * object by a punched hole; not writes through user space's mappings.  What is
 * written while a read runs is in its answer or in the next; a page may be
 * copied as soon as the read is back.  A page may be told that was not written,
 * never the reverse.
 *
 * ENOENT: the slot is empty, or has no log to read or to stop.  ERANGE: pages
 * beyond the slot's end.
 */
struct vmm_dirty_log {
	__u32 slot;
	__u32 op;
	__u64 first;
	__u64 pages;
	__u64 bitmap;
	__u64 reserved[2];
};

#define VMM_VM_DIRTY_LOG	_IOW(VMM_IOC, 0x2a, struct vmm_dirty_log)
#define VMM_VM_GET_CLOCK	_IOR(VMM_IOC, 0x2b, struct vmm_vm_clock)
/* 0x2c and 0x2d: linux/vmm_state.h */
/**
 * VMM_VM_PAUSE, VMM_VM_RESUME: as over netlink.  EALREADY: it is paused, or is not.
 * ETIMEDOUT: a vCPU did not leave its guest, and all go on.
 */
#define VMM_VM_PAUSE		_IO(VMM_IOC, 0x2e)
#define VMM_VM_RESUME		_IO(VMM_IOC, 0x2f)

/* ---- a memory object --------------------------------------------------- */

/**
 * struct vmm_mem_freeze - keeps what the object has; the call returns a file
 * @flags:	must be zero
 *
 * The file is that of a frozen object: one that can be read, mapped for reading, put
 * into read-only slots, and never changes.  It costs nothing but what the live object
 * changes from then on.  Pages that a device or a pipe has for writing at
 * that moment stay with the live object, and the frozen one gets copies.
 *
 * EINVAL: the object is frozen itself.
 */
struct vmm_mem_freeze {
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

/**
 * struct vmm_mem_fork - makes a live object of a frozen one; the call returns a file
 * @flags:	must be zero
 *
 * EINVAL: the object is not frozen.
 */
struct vmm_mem_fork {
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

/**
 * struct vmm_mem_return - gives a live object the content of a frozen one
 * @mem_fd:	the frozen one, which stays as it is
 * @flags:	must be zero
 *
 * Costs what differs.  What vCPUs and others write meanwhile survives or not.  Pages
 * that a device has pinned leave the object, as they do by a punched hole.
 *
 * EBADF: mem_fd is no file.  EINVAL: it is no frozen memory object, or the object
 * is frozen.  EXDEV: none has been made of the other by freezing and forking.
 */
struct vmm_mem_return {
	__s32 mem_fd;
	__u32 flags;
	__u64 reserved[2];
};

/** struct vmm_mem_extent - some pages of 4 KiB of an object. */
struct vmm_mem_extent {
	__u64 first;
	__u64 pages;
};

#define VMM_MEM_MAX_EXTENTS	4096

/**
 * struct vmm_mem_differ - which pages two objects do not have in common
 * @mem_fd:	another object, of either kind
 * @count:	in: room in @extents, 1 to VMM_MEM_MAX_EXTENTS; out: how many there are
 * @next:	in: page to begin with; out: where to go on: the end of the objects if
 *		all was told.  Work is bounded: @count may be 0 before that
 * @extents:	address of struct vmm_mem_extent[count], filled in order
 *
 * Pages that are told may have the same content all the same, pages that are not
 * told have.  Of objects that are written meanwhile what was so at some time.
 *
 * EBADF, EINVAL: mem_fd is no file, or no memory object.  EXDEV: none has been made of
 * the other by freezing and forking.  ERANGE: @next is beyond the end.
 */
struct vmm_mem_differ {
	__s32 mem_fd;
	__u32 count;
	__u64 next;
	__u64 extents;
	__u64 reserved[2];
};

#define VMM_MEM_FREEZE		_IOW(VMM_IOC, 0x60, struct vmm_mem_freeze)
#define VMM_MEM_FORK		_IOW(VMM_IOC, 0x61, struct vmm_mem_fork)
#define VMM_MEM_RETURN		_IOW(VMM_IOC, 0x62, struct vmm_mem_return)
#define VMM_MEM_DIFFER		_IOWR(VMM_IOC, 0x63, struct vmm_mem_differ)
/* 0x64 and on: linux/vmm_mem.h */

/* ---- a vCPU ------------------------------------------------------------ */

/**
 * enum vmm_run_reason - why VMM_VCPU_RUN came back with 0
 * @VMM_RUN_NONE:	nothing: the kernel had work for the thread; run again
 * @VMM_RUN_IO:		the guest used a port that nobody in the kernel serves
 * @VMM_RUN_MMIO:	likewise for an address outside the slots
 * @VMM_RUN_SHUTDOWN:	triple fault
 * @VMM_RUN_FAIL_ENTRY:	the processor refused the guest's state
 * @VMM_RUN_INTERNAL:	the guest did what this monitor cannot carry out
 * After SHUTDOWN, FAIL_ENTRY and INTERNAL vmm_run.text says what happened.
 * A run that a signal ends fails with EINTR; nothing of the guest is lost.
 */
enum vmm_run_reason {
	VMM_RUN_NONE		= 0,
	VMM_RUN_IO		= 1,
	VMM_RUN_MMIO		= 2,
	VMM_RUN_SHUTDOWN	= 3,
	VMM_RUN_FAIL_ENTRY	= 4,
	VMM_RUN_INTERNAL	= 5,
};

#define VMM_RUN_DATA_OFFSET	1024	/* of port data in struct vmm_run */
#define VMM_RUN_DATA_SIZE	3072

/**
 * struct vmm_run - the page that a vCPU's file maps at offset 0
 * @immediate_exit: in: a run returns EINTR at once
 * @reason:	out: enum vmm_run_reason
 * @rip:	out: the guest's instruction pointer
 * @io:		VMM_RUN_IO: @count elements of @size bytes each (1, 2 or 4) at
 *		VMM_RUN_DATA_OFFSET of this page, written by the guest, or to be
 *		filled before the next run when @write is 0
 * @mmio:	VMM_RUN_MMIO: @len bytes (1 to 8) of @data, likewise
 * @fail:	VMM_RUN_FAIL_ENTRY, VMM_RUN_INTERNAL: hardware's exit code and
 *		the bytes at @rip as far as they are known
 * @text:	one line, closed by NUL
 *
 * User space owns the page between runs, the kernel inside one.  The kernel
 * keeps its own copy of everything that it will rely on.
 */
struct vmm_run {
	__u8 immediate_exit;
	__u8 pad0[7];
	__u32 reason;
	__u32 pad1;
	__u64 rip;
	union {
		struct {
			__u16 port;
			__u8 size;
			__u8 write;
			__u32 count;
		} io;
		struct {
			__u64 gpa;
			__u8 data[8];
			__u32 len;
			__u32 write;
		} mmio;
		struct {
			__u64 code;
			__u64 info1, info2;
			__u32 insn_len;
			__u8 insn[16];
			__u32 pad;
		} fail;
		__u8 size[256];
	};
	char text[256];
};

/** struct vmm_regs - general registers; all of them architectural values. */
struct vmm_regs {
	__u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 rip, rflags;
};

/**
 * struct vmm_segment - a segment register with its hidden part
 * @attr:	access rights as in bits 8-15 and 20-23 of the descriptor's
 *		second word: type 0-3, s 4, dpl 5-6, p 7, avl 12, l 13, db 14,
 *		g 15; VMM_SEG_UNUSABLE for a null selector
 */
struct vmm_segment {
	__u64 base;
	__u32 limit;
	__u16 selector;
	__u16 pad;
	__u32 attr;
	__u32 pad2;
};

#define VMM_SEG_UNUSABLE	(1U << 16)

struct vmm_dtable {
	__u64 base;
	__u32 limit;
	__u32 pad;
};

/** struct vmm_sregs - system registers of a vCPU. */
struct vmm_sregs {
	struct vmm_segment es, cs, ss, ds, fs, gs, ldtr, tr;
	struct vmm_dtable gdtr, idtr;
	__u64 cr0, cr2, cr3, cr4, cr8;
	__u64 efer;
	__u64 apic_base;
	__u64 reserved[4];
};

struct vmm_msr_entry {
	__u32 index;
	__u32 pad;
	__u64 value;
};

#define VMM_MAX_MSRS	256

/**
 * struct vmm_msrs - a list of MSRs to read or write
 * @count:	at most VMM_MAX_MSRS
 * @done:	out: how many were handled; the call fails with EINVAL at the
 *		first that is refused, and those before it stay written
 * @entries:	address of struct vmm_msr_entry[count]
 */
struct vmm_msrs {
	__u32 count;
	__u32 done;
	__u64 entries;
};

/**
 * struct vmm_xsave - the guest's FPU state
 * @size:	bytes at @area, at least what CPUID leaf 0xd gives for XCR0
 * @area:	address of an XSAVE area in the standard (not compacted) form
 * @xcr0:	the guest's XCR0
 */
struct vmm_xsave {
	__u32 size;
	__u32 pad;
	__u64 area;
	__u64 xcr0;
};

struct vmm_debugregs {
	__u64 db[4];
	__u64 dr6, dr7;
	__u64 reserved[2];
};

/* struct vmm_vcpu_events.flags */
#define VMM_EVENT_EXCEPTION	(1U << 0)	/* vector and error are pending */
#define VMM_EVENT_ERROR_CODE	(1U << 1)
#define VMM_EVENT_NMI_PENDING	(1U << 2)
#define VMM_EVENT_NMI_MASKED	(1U << 3)
#define VMM_EVENT_SHADOW_STI	(1U << 4)
#define VMM_EVENT_SHADOW_SS	(1U << 5)
#define VMM_EVENT_INJECTED	(1U << 6)	/* event was being delivered */

/* struct vmm_vcpu_events.mp_state */
#define VMM_MP_RUNNABLE		0
#define VMM_MP_HALTED		1
#define VMM_MP_WAIT_FOR_SIPI	2

/**
 * struct vmm_vcpu_events - what is pending or under way in a vCPU
 *
 * VMM_VCPU_SET_REGS forgets a pending exception, so that a restore sets
 * registers first and events last.
 *
 * What an instruction raises (INT n, INT3, INTO) is never under way here: when
 * its delivery is cut short, the instruction runs again.  An exception that
 * pushes an error code has one, and no other event has; in real mode it may
 * be left out.
 */
struct vmm_vcpu_events {
	__u32 flags;
	__u32 mp_state;
	__u8 vector;
	__u8 type;		/* of an event: 0 irq, 2 nmi, 3 exception */
	__u16 pad;
	__u32 error;
	__u64 cr2;
	__u64 reserved[4];
};

/** struct vmm_lapic_state - the architecture's 4 KiB register page. */
struct vmm_lapic_state {
	__u8 regs[1024];
};

#define VMM_VCPU_RUN		_IO(VMM_IOC, 0x40)
#define VMM_VCPU_GET_REGS	_IOR(VMM_IOC, 0x41, struct vmm_regs)
#define VMM_VCPU_SET_REGS	_IOW(VMM_IOC, 0x42, struct vmm_regs)
#define VMM_VCPU_GET_SREGS	_IOR(VMM_IOC, 0x43, struct vmm_sregs)
#define VMM_VCPU_SET_SREGS	_IOW(VMM_IOC, 0x44, struct vmm_sregs)
#define VMM_VCPU_GET_MSRS	_IOWR(VMM_IOC, 0x45, struct vmm_msrs)
#define VMM_VCPU_SET_MSRS	_IOWR(VMM_IOC, 0x46, struct vmm_msrs)
#define VMM_VCPU_GET_XSAVE	_IOWR(VMM_IOC, 0x47, struct vmm_xsave)
#define VMM_VCPU_SET_XSAVE	_IOW(VMM_IOC, 0x48, struct vmm_xsave)
#define VMM_VCPU_GET_DEBUGREGS	_IOR(VMM_IOC, 0x49, struct vmm_debugregs)
#define VMM_VCPU_SET_DEBUGREGS	_IOW(VMM_IOC, 0x4a, struct vmm_debugregs)
#define VMM_VCPU_GET_EVENTS	_IOR(VMM_IOC, 0x4b, struct vmm_vcpu_events)
#define VMM_VCPU_SET_EVENTS	_IOW(VMM_IOC, 0x4c, struct vmm_vcpu_events)
#define VMM_VCPU_GET_CPUID	_IOWR(VMM_IOC, 0x4d, struct vmm_cpuid)
#define VMM_VCPU_SET_CPUID	_IOW(VMM_IOC, 0x4e, struct vmm_cpuid)
#define VMM_VCPU_GET_LAPIC	_IOR(VMM_IOC, 0x4f, struct vmm_lapic_state)
#define VMM_VCPU_SET_LAPIC	_IOW(VMM_IOC, 0x50, struct vmm_lapic_state)
/** VMM_VCPU_NMI: makes an NMI pending; allowed while the vCPU runs. */
#define VMM_VCPU_NMI		_IO(VMM_IOC, 0x51)

#endif
