/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC of one vCPU.
 *
 * An APIC is embedded in its vCPU and knows neither vCPU nor VM: it speaks
 * upward through struct vmm_lapic_ops, and to its peers through the
 * struct vmm_apic_map that all APICs of one VM share (apic_map.h).
 *
 * Two sides:
 *  - The vCPU side: whoever owns the vCPU (its thread inside the run call, or
 *    an ioctl that holds the vCPU). Every function here is of that side unless
 *    its comment says "any context". That side needs no lock.
 *  - The senders' side: other vCPUs, timers, the interrupt controllers. They
 *    post requests and errors beside the register page, with atomic operations,
 *    and kick the vCPU; any context, hard interrupts included, no lock taken.
 *
 * Nobody but the vCPU side writes the register page: while the guest runs it may
 * be the processor's, which keeps part of it in places of its own. What was
 * posted goes into IRR and TMR wherever the vCPU side looks at them.
 *
 * Marks on fields: (c) constant after vmm_lapic_init(), (v) vCPU side only,
 * (vr) written by the vCPU side, read by any, (a) atomic, (m) the map's lock.
 */
#ifndef VMM_IRQ_LAPIC_H
#define VMM_IRQ_LAPIC_H

#include <linux/types.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/hrtimer.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <linux/vmm_state.h>

#include "irq/apic_map.h"

struct vmm_lapic;

/* Frequency at which the timer counts before its divider. */
#define VMM_LAPIC_TIMER_HZ	1000000000U

/*
 * The host takes at most one timer interrupt in this time for one APIC timer
 * in periodic mode. A shorter period is not stretched: the count runs as the
 * guest set it, and only every n-th expiry is delivered.
 */
#define VMM_LAPIC_TIMER_MIN_NS	100000U

/* IA32_APIC_BASE.EXTD: the kernel has the bit as X2APIC_ENABLE. */
#define VMM_LAPIC_BASE_X2APIC	((u64)X2APIC_ENABLE)
#define VMM_LAPIC_BASE_ENABLE	((u64)XAPIC_ENABLE)
#define VMM_LAPIC_BASE_BSP	((u64)MSR_IA32_APICBASE_BSP)

#define VMM_LAPIC_PAGE_SIZE	4096U
#define VMM_LAPIC_ALL_WORDS	0xffU	/* of the eight of IRR or ISR */
#define VMM_X2APIC_MSR_FIRST	0x800U
#define VMM_X2APIC_MSR_LAST	0x8ffU

/**
 * struct vmm_lapic_ops - what a local APIC asks of its vCPU
 * @kick: something that vmm_lapic_pending() or vmm_lapic_accepts_extint()
 *	looks at has changed; wake the vCPU if it sleeps, make it leave the
 *	guest if it runs. Any context, also from the vCPU's own thread (then
 *	there is nothing to do). Spurious calls are allowed.
 * @notify: may be NULL: @kick. A request is in struct vmm_lapic_posted.vectors,
 *	which some processors take over by themselves; otherwise like @kick. Any
 *	context.
 * @nmi: deliver an NMI; the callee latches it and kicks. Any context.
 * @init: an INIT arrived; the callee latches it and kicks, and its thread
 *	calls vmm_lapic_reset(l, true) when it acts on it. Any context.
 * @sipi: a start-up IPI with @vector arrived; the callee decides whether the
 *	vCPU waits for one. Any context.
 * @eoi: the guest ended a level-triggered interrupt: tell the IOAPIC.
 *	vCPU side.
 * @tsc: the guest's TSC at this moment. Any context.
 * @tsc_to_ns: host nanoseconds that @delta guest TSC ticks take, rounded up,
 *	saturating. Any context.
 * @deadline: may be NULL. Have the guest left once its TSC has reached
 *	@deadline, for vmm_lapic_timer_reached(); 0: no longer. Holds until
 *	the next call, in the guest only: see vmm_lapic_timer_outside(). False:
 *	cannot. vCPU side.
 * @mode: may be NULL. The APIC was enabled, disabled, or entered x2APIC mode,
 *	or its base moved. vCPU side.
 */
struct vmm_lapic_ops {
	void (*kick)(struct vmm_lapic *l);
	void (*notify)(struct vmm_lapic *l);
	void (*nmi)(struct vmm_lapic *l);
	void (*init)(struct vmm_lapic *l);
	void (*sipi)(struct vmm_lapic *l, u8 vector);
	void (*eoi)(struct vmm_lapic *l, u8 vector);
	u64 (*tsc)(struct vmm_lapic *l);
	u64 (*tsc_to_ns)(struct vmm_lapic *l, u64 delta);
	bool (*deadline)(struct vmm_lapic *l, u64 deadline);
	void (*mode)(struct vmm_lapic *l);
};

/* What the guest's CPUID says, as far as the APIC cares. */
#define VMM_LAPIC_F_X2APIC	(1U << 0)	/* x2APIC mode exists */
#define VMM_LAPIC_F_TSC_DEADLINE (1U << 1)	/* TSC-deadline timer exists */
#define VMM_LAPIC_F_DIRECTED_EOI (1U << 2)	/* EOI broadcast can be off */
#define VMM_LAPIC_F_ALL		0x7U

/**
 * struct vmm_lapic_config - how an APIC starts
 * @id: initial APIC id, below the size of the map, unique in it
 * @bsp: the VM's boot processor
 * @features: VMM_LAPIC_F_*
 * @phys_bits: width of guest-physical addresses, 32 to 52
 */
struct vmm_lapic_config {
	u32 id;
	bool bsp;
	u32 features;
	u32 phys_bits;
};

/**
 * struct vmm_lapic_timer - the count-down timer
 * @hrtimer: armed while an expiry that the guest would see lies ahead
 * @load: host time when the count was loaded (v; changed with @hrtimer off)
 * @span: ns that one count-down takes; 0: not counting (v; likewise)
 * @deadline: TSC-deadline MSR, 0: not armed (a: cleared by the expiry)
 * @in_guest: the end of the guest's run is to tell of the deadline, and not
 *	@hrtimer (v)
 * @frozen: time stands still: the hrtimer is off, and @armed in its place (v)
 * @armed: @hrtimer is to be started at its expiry when time goes on (v)
 * @frozen_at: host time since when (v)
 */
struct vmm_lapic_timer {
	struct hrtimer hrtimer;
	u64 load;
	u64 span;
	atomic64_t deadline;
	bool in_guest;
	bool frozen;
	bool armed;
	u64 frozen_at;
};

/* The sets that struct vmm_lapic_posted.flags tells of. */
#define VMM_POSTED_VECTORS	0	/* the architecture's ON */
#define VMM_POSTED_OTHERS	24	/* reserved by it, and not used */

/**
 * struct vmm_lapic_posted - requests that the vCPU has not looked at yet
 *
 * Its first half is a posted-interrupt descriptor of the architecture: a
 * processor may take @vectors over while the guest runs, as the vCPU does.
 *
 * @vectors: requested, and IRR is all that it takes: edges of vectors that were no
 *	level before (a)
 * @flags: bit VMM_POSTED_VECTORS clear means that @vectors is empty, or who
 *	posted there has yet to set it; VMM_POSTED_OTHERS likewise (a)
 * @unused: what the architecture has there is for devices that post
 * @others: requested, and TMR has to be changed (a)
 * @levels: of each vector, whether its last request was level-triggered (a)
 */
struct vmm_lapic_posted {
	unsigned long vectors[256 / BITS_PER_LONG];
	unsigned long flags;
	unsigned long unused[3];
	unsigned long others[256 / BITS_PER_LONG];
	unsigned long levels[256 / BITS_PER_LONG];
};

/**
 * struct vmm_lapic - a local APIC; embed it in the vCPU
 * @ops: upcalls (c)
 * @map: the APICs of this VM (c)
 * @regs: the register page in the architecture's layout, so that hardware
 *	APIC virtualization can use it (vr)
 * @posted: requests on their way into IRR, in a page of their own (c)
 * @initial_id: the id that CPUID reports and x2APIC mode uses (c)
 * @map_id: the id under which the map lists it, or VMM_APIC_ID_NONE (m)
 * @features: VMM_LAPIC_F_* (v)
 * @phys_bits: width of guest-physical addresses (v)
 * @base: IA32_APIC_BASE (vr)
 * @irr_words: bit i set: there may be requests among IRR's vectors from 32 * i on;
 *	clear: there is none. While @hw is set only zero says anything (v)
 * @isr_words: the same of ISR (v)
 * @hw: while the guest runs, the processor delivers what is in IRR by itself and
 *	works on the page: nothing is to be taken and injected (v)
 * @changed: TMR or ISR is not as the processor left it, or was told, last (v)
 * @isr_top: highest vector in service, or -1; while the guest runs with @hw set
 *	it may be an old one (vr)
 * @esr_latch: errors not yet moved to ESR by a write to it (a)
 * @lint0: level of the LINT0 input (a)
 * @extint: an ExtINT message from the IOAPIC awaits its acknowledge (a)
 * @timer: the timer
 */
struct vmm_lapic {
	const struct vmm_lapic_ops *ops;
	struct vmm_apic_map *map;
	void *regs;
	u32 initial_id;
	u32 map_id;
	u32 features;
	u32 phys_bits;
	u64 base;
	struct vmm_lapic_posted *posted;
	u8 irr_words;
	u8 isr_words;
	bool hw;
	bool changed;
	int isr_top;
	atomic_t esr_latch;
	atomic_t lint0;
	atomic_t extint;
	struct vmm_lapic_timer timer;
};

/* Life: init .. unlink, synchronize_rcu() (once for all vCPUs), release. */

/**
 * vmm_lapic_init - power up an APIC and make it reachable for its peers
 * @l: zeroed storage
 * @map: the VM's APICs
 * @ops: upcalls; may be called as soon as this function runs
 * @cfg: how it starts
 *
 * May sleep. Return: 0, -EINVAL for a bad @cfg, -EEXIST for an id in use,
 * -ENOMEM.
 */
int vmm_lapic_init(struct vmm_lapic *l, struct vmm_apic_map *map,
		   const struct vmm_lapic_ops *ops,
		   const struct vmm_lapic_config *cfg);

/* Stop the timer, leave the map. Senders may see @l for a grace period more. */
void vmm_lapic_unlink(struct vmm_lapic *l);

/* Free what it has; a grace period after vmm_lapic_unlink(). */
void vmm_lapic_release(struct vmm_lapic *l);

/*
 * Back to power-up state; @init: keep what INIT keeps (the base MSR with the
 * mode, and the id).
 */
void vmm_lapic_reset(struct vmm_lapic *l, bool init);

/*
 * The state in which PC firmware hands over: software-enabled, LINT0 ExtINT on
 * the boot processor, LINT1 NMI. For guests that boot without firmware.
 */
void vmm_lapic_firmware_state(struct vmm_lapic *l);

/* CPUID changed. -EINVAL for bad flags, -EBUSY: the mode in use would go. */
int vmm_lapic_set_features(struct vmm_lapic *l, u32 features, u32 phys_bits);

/* The vCPU moved to another CPU: take the armed timer along. May spin. */
void vmm_lapic_timer_migrate(struct vmm_lapic *l);

/* The guest was left for what vmm_lapic_ops.deadline() was told, maybe early. */
void vmm_lapic_timer_reached(struct vmm_lapic *l);

/* The vCPU will not run for a while: a timer of the host's is to take over. */
void vmm_lapic_timer_outside(struct vmm_lapic *l);

/*
 * Stop the timer where it is, and let it go on @ns of host time later than it
 * would have. In between its registers can be read and written.
 */
void vmm_lapic_timer_freeze(struct vmm_lapic *l);
void vmm_lapic_timer_thaw(struct vmm_lapic *l, u64 ns);

/* Delivery to the vCPU. */

int __vmm_lapic_pending(struct vmm_lapic *l);
u32 __vmm_lapic_reg(const struct vmm_lapic *l, u32 offset);

/* The vector to inject next given TPR and what is in service, or -1. */
static inline int vmm_lapic_pending(struct vmm_lapic *l)
{
	if (!l->irr_words && !READ_ONCE(l->posted->flags))
		return -1;
	return __vmm_lapic_pending(l);
}

/* False: no vector is requested, whatever its priority; true: perhaps one is. */
static inline bool vmm_lapic_requested(const struct vmm_lapic *l)
{
	return READ_ONCE(l->irr_words) || READ_ONCE(l->posted->flags);
}

/*
 * The highest vector requested whatever its priority, or -1: while it is
 * blocked by TPR alone, the back end must notice the guest lowering TPR.
 */
int vmm_lapic_highest_irr(struct vmm_lapic *l);

/*
 * Take @vector into service, which vmm_lapic_pending() would report, or would
 * have before something higher came. The vCPU's thread.
 */
void vmm_lapic_take(struct vmm_lapic *l, u8 vector);

/*
 * Take the vector that vmm_lapic_pending() reports into service.
 * Return: the vector, or -1 if there is none.
 */
static inline int vmm_lapic_ack(struct vmm_lapic *l)
{
	int vector = vmm_lapic_pending(l);

	if (vector >= 0)
		vmm_lapic_take(l, vector);
	return vector;
}

/* End of interrupt for the highest vector in service; also for PV EOI. */
void vmm_lapic_eoi(struct vmm_lapic *l);

/*
 * For a processor that works on the page (@hw). Before an entry
 * vmm_lapic_highest_irr() and isr_top say where it goes on, and
 * vmm_lapic_levels() which ends of interrupts it is to tell of. What follows
 * comes behind an exit.
 */

/* The highest vectors in IRR and ISR, or -1, as the processor left them. */
static inline void vmm_lapic_hw_left(struct vmm_lapic *l, int irr, int isr)
{
	l->irr_words = irr >= 0 ? VMM_LAPIC_ALL_WORDS : 0;
	l->isr_words = isr >= 0 ? VMM_LAPIC_ALL_WORDS : 0;
	WRITE_ONCE(l->isr_top, isr);
}

/* TMR of the 64 vectors from 64 * @i on. */
static inline u64 vmm_lapic_levels(const struct vmm_lapic *l, unsigned int i)
{
	return __vmm_lapic_reg(l, APIC_TMR + i * 0x20) |
	       (u64)__vmm_lapic_reg(l, APIC_TMR + i * 0x20 + 0x10) << 32;
}

/* The processor has ended @vector, which is level-triggered. */
void vmm_lapic_hw_ended(struct vmm_lapic *l, u8 vector);

/* The guest wrote the register at @offset, and its value is in the page. */
void vmm_lapic_hw_wrote(struct vmm_lapic *l, u32 offset);

/* Is what RDMSR of x2APIC's @msr is to give in the page, at any time? */
bool vmm_lapic_hw_reads(u32 msr);

/* TPR in the form of CR8: the priority class, 0 to 15. */
static inline u64 vmm_lapic_get_tpr(const struct vmm_lapic *l)
{
	return (__vmm_lapic_reg(l, APIC_TASKPRI) >> 4) & 0xf;
}

void vmm_lapic_set_tpr(struct vmm_lapic *l, u64 cr8);

/*
 * Would this APIC pass an interrupt of the PIC on to the CPU: one is on LINT0
 * (or none of the APIC is in the way), or the IOAPIC sent ExtINT?
 * vmm_lapic_extint_taken() follows when the vector was fetched from the PIC.
 */
bool vmm_lapic_accepts_extint(struct vmm_lapic *l);
void vmm_lapic_extint_taken(struct vmm_lapic *l);

/* The level of local pin LINT0 or LINT1 changed. Any context. */
void vmm_lapic_set_lint(struct vmm_lapic *l, unsigned int pin, bool level);

/*
 * A local source (APIC_LVTPC, APIC_LVTTHMR, APIC_LVTT, ...) fires: deliver what
 * its LVT entry says. Any context.
 */
void vmm_lapic_raise_lvt(struct vmm_lapic *l, u32 lvt);

/* Guest access. */

static inline bool vmm_lapic_enabled(const struct vmm_lapic *l)
{
	return READ_ONCE(l->base) & VMM_LAPIC_BASE_ENABLE;
}

static inline bool vmm_lapic_x2apic(const struct vmm_lapic *l)
{
	return READ_ONCE(l->base) & VMM_LAPIC_BASE_X2APIC;
}

/* Does the vCPU's access to guest-physical @gpa reach its APIC's registers? */
static inline bool vmm_lapic_covers(const struct vmm_lapic *l, u64 gpa)
{
	u64 mode = VMM_LAPIC_BASE_ENABLE | VMM_LAPIC_BASE_X2APIC;

	return (l->base & mode) == VMM_LAPIC_BASE_ENABLE &&
		((l->base ^ gpa) & ~0xfffULL) == 0;
}

/**
 * vmm_lapic_mmio_read - the guest reads the register page
 * @l: an APIC for which vmm_lapic_covers() holds
 * @offset: into the page
 * @len: 1, 2, 4 or 8 bytes
 *
 * Any access is safe. One that the architecture leaves undefined (not 32 bits
 * on a 16-byte boundary) reads the bytes that lie there; outside of the
 * registers reads as 0 and counts as an illegal register address in ESR.
 */
u64 vmm_lapic_mmio_read(struct vmm_lapic *l, u32 offset, unsigned int len);

/* The guest writes; anything but 32 bits on a 16-byte boundary is ignored. */
void vmm_lapic_mmio_write(struct vmm_lapic *l, u32 offset, unsigned int len,
			  u64 val);

/* IA32_APIC_BASE, IA32_TSC_DEADLINE or one of x2APIC's? */
static inline bool vmm_lapic_has_msr(u32 msr)
{
	return msr == MSR_IA32_APICBASE || msr == MSR_IA32_TSC_DEADLINE ||
		(msr >= VMM_X2APIC_MSR_FIRST && msr <= VMM_X2APIC_MSR_LAST);
}

/*
 * Guest access to such an MSR.
 * Return: 0, -EINVAL: the guest gets #GP(0), -ENOENT: not one of them.
 */
int vmm_lapic_msr_read(struct vmm_lapic *l, u32 msr, u64 *val);
int vmm_lapic_msr_write(struct vmm_lapic *l, u32 msr, u64 val);

/* Registers in and out: base first, and the TSC-deadline MSR last. */

#define VMM_LAPIC_REGS_SIZE	1024U

/* Put IA32_APIC_BASE as it is told. -EINVAL for a value it can't have. */
int vmm_lapic_set_base(struct vmm_lapic *l, u64 base);

/* The registers up to and with offset 0x3f0 as the guest would read them. */
void vmm_lapic_get_regs(struct vmm_lapic *l, void *regs);

/*
 * Take over such registers, for the mode that the APIC is in; the timer goes on
 * from its current count. -EINVAL and no effect if they are impossible.
 */
int vmm_lapic_set_regs(struct vmm_lapic *l, const void *regs);

/*
 * All of it as a record.  Check: whether an APIC of @cfg takes it, -EINVAL if not;
 * load: an APIC of that kind does, and it cannot fail.  Where the timer is frozen it
 * goes on when it is thawed, also what has been reached.
 */
void vmm_lapic_save(struct vmm_lapic *l, struct vmm_state_lapic *st);
int vmm_lapic_check(const struct vmm_lapic_config *cfg,
		    const struct vmm_state_lapic *st);
int vmm_lapic_load(struct vmm_lapic *l, const struct vmm_state_lapic *st);

#endif /* VMM_IRQ_LAPIC_H */
