// SPDX-License-Identifier: GPL-2.0
/*
 * The run loop.
 *
 * Two loops, one inside the other.  The entry loop has the guest's state
 * loaded and preemption off; it goes round for every exit that can be served
 * without sleeping.  The outer loop does what may sleep: exits that need
 * memory, waiting in HLT, INIT and SIPI, signals.  must_leave() holds every
 * reason to go from the entry loop to the outer one between two entries;
 * before_entry() every reason to return to user space.
 */
#include <linux/pid.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/smp.h>
#include <linux/task_work.h>
#include <linux/vtime.h>
#include <asm/debugreg.h>

#include "compat.h"
#include "core/control.h"
#include "core/gate.h"
#include "core/main.h"
#include "core/request.h"
#include "core/run.h"
#include "core/steal.h"
#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vcpu_state.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "uapi/linux/vmm.h"
#include "uapi/linux/vmm_netlink.h"

/*
 * A halt polls at most so long before it sleeps: about what going to sleep,
 * waking and the way back cost.
 */
#define POLL_MAX_NS	50000
#define POLL_START_NS	10000

/*
 * Requests that the entry loop serves itself.  UNHALT is among them because it
 * has nothing to do there: it stays until the next HLT uses it up.
 */
#define INLINE_REQUESTS	(BIT(VMM_REQ_TLB_FLUSH) | BIT(VMM_REQ_LOG) |	\
			 BIT(VMM_REQ_NMI) | BIT(VMM_REQ_NMI2) |		\
			 BIT(VMM_REQ_UNHALT))

#define THREAD_WORK	(_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL |		\
			 _TIF_NOTIFY_RESUME | _TIF_NEED_RESCHED)

/*
 * Of what the kernel wants done before the thread is in user space again, only
 * queued work and the price of memory over its limit cannot wait; a restartable
 * sequence, which asks whenever the thread has slept, can.
 */
static bool resume_work(void)
{
	return task_work_pending(current) || current->memcg_nr_pages_over_high;
}

static inline unsigned long thread_work(void)
{
	unsigned long work;

	work = READ_ONCE(current_thread_info()->flags) & THREAD_WORK;
	if (unlikely(work & _TIF_NOTIFY_RESUME) && !resume_work())
		work &= ~_TIF_NOTIFY_RESUME;
	return work;
}

unsigned long vmm_thread_work(void)
{
	return thread_work();
}

static inline bool must_leave(struct vmm_vcpu *vcpu)
{
	return (READ_ONCE(vcpu->requests) & ~INLINE_REQUESTS) ||
	       vcpu->mp_state != VMM_MP_RUNNABLE || vcpu->stopped ||
	       thread_work() || !__this_cpu_read(vmm_cpu_on);
}

/* ---- events --------------------------------------------------------------- */

/* The processor latches one NMI; a second is taken only while none is masked. */
static void take_nmi_requests(struct vmm_vcpu *vcpu)
{
	struct vmm_events *ev = &vcpu->events;
	bool busy = vmm_backend->nmi_masked(vcpu) ||
		    (ev->injected.valid && ev->injected.type == VMM_EVENT_NMI);
	int limit = busy ? 1 : 2;

	if (vmm_vcpu_take(vcpu, VMM_REQ_NMI))
		ev->nmi_pending = min(ev->nmi_pending + 1, limit);
	if (vmm_vcpu_take(vcpu, VMM_REQ_NMI2))
		ev->nmi_pending = min(ev->nmi_pending + 1, limit);
}

static bool extint_pending(struct vmm_vcpu *vcpu)
{
	return vmm_irqchip_extint(&vcpu->vm->irq) &&
	       vmm_lapic_accepts_extint(&vcpu->apic);
}

/*
 * The interrupt that waits, as a priority class for want_window(): one that
 * only TPR holds back has its own class, so that the guest's lowering of TPR
 * is noticed; one behind an interrupt in service waits for an EOI, which is an
 * exit anyway.  What the processor delivers by itself does not wait for us.
 * @vector: the local APIC's, or -1.
 */
static int waiting_prio(struct vmm_vcpu *vcpu, int *vector)
{
	struct vmm_lapic *apic = &vcpu->apic;
	int irr;

	*vector = -1;
	if (extint_pending(vcpu))
		return VMM_PRIO_ANY;
	if (apic->hw)
		return VMM_PRIO_NONE;
	irr = vmm_lapic_highest_irr(apic);
	if (irr < 0 || !vmm_lapic_enabled(apic) ||
	    irr >> 4 <= max(apic->isr_top, 0) >> 4)
		return VMM_PRIO_NONE;
	*vector = irr;
	return irr >> 4 > vmm_lapic_get_tpr(apic) ? VMM_PRIO_ANY : irr >> 4;
}

/* @vector is the local APIC's, -1 the PIC's, which may have thought better. */
static int take_interrupt(struct vmm_vcpu *vcpu, int vector)
{
	if (vector >= 0) {
		vmm_lapic_take(&vcpu->apic, vector);
		return vector;
	}
	if (!extint_pending(vcpu))
		return -1;
	vmm_lapic_extint_taken(&vcpu->apic);
	return vmm_irqchip_intack(&vcpu->vm->irq);
}

static bool interrupts_open(const struct vmm_vcpu *vcpu)
{
	return (vcpu->rflags & X86_EFLAGS_IF) && !vcpu->irq_shadow;
}

static bool nmi_open(struct vmm_vcpu *vcpu)
{
	return !vcpu->irq_shadow && !vmm_backend->nmi_masked(vcpu);
}

/* Injects @event; one event goes in at an entry.  Real mode has no error codes. */
static void inject(struct vmm_vcpu *vcpu, struct vmm_event *event,
		   enum vmm_stat stat)
{
	vmm_stat_inc(&vcpu->stats, stat);
	if (event->has_error && !(vmm_backend->get_cr(vcpu, 0) & X86_CR0_PE))
		event->has_error = 0;
	trace_vmm_inject(vcpu, event, stat == VMM_STAT_REINJECT);
	vmm_backend->inject(vcpu, event);
}

static void inject_vector(struct vmm_vcpu *vcpu, enum vmm_event_type type,
			  u8 vector, enum vmm_stat stat)
{
	struct vmm_event event = { .type = type, .vector = vector };

	inject(vcpu, &event, stat);
}

/* Returns whether the entry's one event is spoken for. */
static bool inject_first(struct vmm_vcpu *vcpu)
{
	struct vmm_events *ev = &vcpu->events;

	if (ev->injected.valid) {
		inject(vcpu, &ev->injected, VMM_STAT_REINJECT);
		ev->injected.valid = 0;
		return true;
	}
	if (ev->exception.valid) {
		inject(vcpu, &ev->exception, VMM_STAT_INJECT_EXC);
		ev->exception.valid = 0;
		return true;
	}
	if (ev->nmi_pending && nmi_open(vcpu)) {
		ev->nmi_pending--;
		inject_vector(vcpu, VMM_EVENT_NMI, X86_TRAP_NMI,
			      VMM_STAT_INJECT_NMI);
		return true;
	}
	return false;
}

/*
 * No event is on its way in, and the backend has been told so: most entries.
 * What a sender adds later is followed by its kick.
 */
static inline bool no_events(struct vmm_vcpu *vcpu)
{
	const struct vmm_events *ev = &vcpu->events;

	return !(vcpu->window | ev->injected.valid | ev->exception.valid |
		 ev->nmi_pending) &&
	       !vmm_irqchip_extint(&vcpu->vm->irq) &&
	       !vmm_lapic_requested(&vcpu->apic);
}

/* Interrupts off, mode published. */
static noinline void prepare_events(struct vmm_vcpu *vcpu)
{
	bool taken = inject_first(vcpu);
	int vector, prio = waiting_prio(vcpu, &vector);

	if (!taken && prio == VMM_PRIO_ANY && interrupts_open(vcpu)) {
		vector = take_interrupt(vcpu, vector);
		if (vector >= 0)
			inject_vector(vcpu, VMM_EVENT_INTR, vector,
				      VMM_STAT_INJECT_IRQ);
		prio = waiting_prio(vcpu, &vector);
	}
	vcpu->window = prio != VMM_PRIO_NONE || vcpu->events.nmi_pending;
	vmm_backend->want_window(vcpu, prio, vcpu->events.nmi_pending);
}

static void serve_inline_requests(struct vmm_vcpu *vcpu)
{
	if (vmm_vcpu_take(vcpu, VMM_REQ_TLB_FLUSH)) {
		vmm_stat_inc(&vcpu->stats, VMM_STAT_TLB_FLUSHES);
		vmm_backend->flush_tlb(vcpu);
	}
	if (vmm_vcpu_take(vcpu, VMM_REQ_LOG))
		vmm_backend->log_writes(vcpu,
					npt_space_logging(&vcpu->vm->space));
	take_nmi_requests(vcpu);
}

/* ---- halts ------------------------------------------------------------------ */

static bool poll(struct vmm_vcpu *vcpu)
{
	u64 end;

	if (!vcpu->poll_ns)
		return false;
	end = local_clock() + vcpu->poll_ns;
	do {
		if (vmm_vcpu_must_wake(vcpu))
			return true;
		cpu_relax();
	} while (!thread_work() && single_task_running() &&
		 local_clock() < end);
	return false;
}

static void wake(struct vmm_vcpu *vcpu)
{
	clear_bit(VMM_REQ_UNHALT, &vcpu->requests);
	vcpu->mp_state = VMM_MP_RUNNABLE;
}

/*
 * Polls with the guest's state loaded, since a halt that is over soon would
 * otherwise pay most for taking it out and in again.  Who wants the processor
 * sets NEED_RESCHED, which ends the poll.
 */
static bool halt_polled(struct vmm_vcpu *vcpu)
{
	if (vcpu->mp_state != VMM_MP_HALTED)
		return false;
	vmm_lapic_timer_outside(&vcpu->apic);
	if (!poll(vcpu))
		return false;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_HALTS);
	vmm_stat_inc(&vcpu->stats, VMM_STAT_HALT_POLLED);
	wake(vcpu);
	return true;
}

/* ---- the entry loop -------------------------------------------------------- */

/*
 * The thread is about to lose the processor.  That is told to the guest's other
 * vCPUs, and to those that look for whom to give way to, if this guest could go
 * on.
 */
static noinline void preempted(struct vmm_vcpu *vcpu)
{
	struct vmm_cpu_mode mode;

	if (vcpu->mp_state != VMM_MP_RUNNABLE || vcpu->stopped)
		return;
	vmm_backend->get_mode(vcpu, &mode);
	WRITE_ONCE(vcpu->preempted_in_user, mode.cpl == 3);
	vmm_clock_preempted(&vcpu->x86);
}

static void load(struct vmm_vcpu *vcpu)
{
	int cpu = smp_processor_id();
	bool moved = vcpu->last_cpu != cpu;

	vcpu->last_cpu = cpu;
	WRITE_ONCE(vcpu->cpu, cpu);
	WRITE_ONCE(vcpu->preempted_in_user, false);
	vmm_steal_load(vcpu);
	vmm_backend->load(vcpu);
	vmm_x86_load(&vcpu->x86);
	if (moved)
		vmm_lapic_timer_migrate(&vcpu->apic);
}

static void put(struct vmm_vcpu *vcpu)
{
	if (unlikely(need_resched()))
		preempted(vcpu);
	vmm_x86_put(&vcpu->x86);
	vmm_backend->put(vcpu);
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
	WRITE_ONCE(vcpu->cpu, -1);
}

/*
 * Guest breakpoints live in the processor only while one is enabled; all
 * accesses to debug registers are exits.
 */
static noinline void load_breakpoints(const struct vmm_vcpu *vcpu)
{
	/* The host's own, if it has any, would watch the guest's addresses. */
	set_debugreg(0, 7);
	set_debugreg(vcpu->db[0], 0);
	set_debugreg(vcpu->db[1], 1);
	set_debugreg(vcpu->db[2], 2);
	set_debugreg(vcpu->db[3], 3);
}

/*
 * After the interrupt that ended the guest's run, so that a tick is charged
 * to the guest.
 */
static inline void guest_time_end(void)
{
	if (likely(!vtime_accounting_enabled_this_cpu())) {
		current->flags &= ~PF_VCPU;
		return;
	}
	local_irq_disable();
	vtime_account_guest_exit();
	local_irq_enable();
}

/*
 * One entry.  False: there is something to do first, and the guest has not
 * run.
 */
static inline bool enter(struct vmm_vcpu *vcpu)
{
	local_irq_disable();
	/* The barrier pairs with those of requesters: see request.h. */
	smp_store_mb(vcpu->mode, VMM_IN_GUEST);
	if (unlikely(must_leave(vcpu))) {
		WRITE_ONCE(vcpu->mode, VMM_OUTSIDE);
		local_irq_enable();
		return false;
	}
	if (unlikely(READ_ONCE(vcpu->requests)))
		serve_inline_requests(vcpu);
	if (!no_events(vcpu))
		prepare_events(vcpu);
	if (unlikely(vcpu->watching))
		load_breakpoints(vcpu);

	vtime_account_guest_enter();
	vmm_backend->enter(vcpu, &vcpu->exit);
	WRITE_ONCE(vcpu->mode, VMM_OUTSIDE);
	/* The interrupt that ended the guest's run is taken here. */
	local_irq_enable();
	guest_time_end();

	vmm_stat_inc(&vcpu->stats, VMM_STAT_EXITS);
	vmm_stat_inc(&vcpu->stats, VMM_STAT_EXIT_FIRST + vcpu->exit.reason);
	trace_vmm_exit(vcpu, &vcpu->exit);
	return true;
}

static int entry_loop(struct vmm_vcpu *vcpu)
{
	int ret = VMM_RESUME;

	preempt_disable();
	if (unlikely(!__this_cpu_read(vmm_cpu_on))) {
		preempt_enable();
		/* Hotplug is about to move us elsewhere. */
		schedule_timeout_interruptible(1);
		return VMM_RESUME;
	}
	load(vcpu);
	do {
		while (ret == VMM_RESUME && enter(vcpu))
			ret = vmm_exit_handle(vcpu, &vcpu->exit, true);
	} while (ret == VMM_RESUME && halt_polled(vcpu));
	put(vcpu);
	preempt_enable();
	return ret;
}

/* ---- waiting ---------------------------------------------------------------- */

bool vmm_vcpu_must_wake(struct vmm_vcpu *vcpu)
{
	unsigned long requests = READ_ONCE(vcpu->requests);

	if (requests & (BIT(VMM_REQ_DEAD) | BIT(VMM_REQ_INIT)))
		return true;
	if (vcpu->mp_state == VMM_MP_WAIT_FOR_SIPI)
		return requests & BIT(VMM_REQ_SIPI);
	if (requests & (BIT(VMM_REQ_NMI) | BIT(VMM_REQ_UNHALT)))
		return true;
	if (vcpu->events.nmi_pending && !vmm_backend->nmi_masked(vcpu))
		return true;
	if (vcpu->events.exception.valid)
		return true;
	return (vcpu->rflags & X86_EFLAGS_IF) &&
	       (extint_pending(vcpu) || vmm_lapic_pending(&vcpu->apic) >= 0);
}

/* Not a reason to run on, but one not to sleep. */
static bool pause_requested(const struct vmm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) & BIT(VMM_REQ_PAUSE);
}

/* Grows the poll while sleeps are short enough to be polled away. */
static void adapt_poll(struct vmm_vcpu *vcpu, u64 slept_ns)
{
	if (slept_ns > POLL_MAX_NS)
		vcpu->poll_ns /= 2;
	else
		vcpu->poll_ns = min(max(2 * vcpu->poll_ns, POLL_START_NS),
				    POLL_MAX_NS);
	if (vcpu->poll_ns < POLL_START_NS)
		vcpu->poll_ns = 0;
}

static int wait(struct vmm_vcpu *vcpu)
{
	u64 start = local_clock();
	int err;

	vmm_stat_inc(&vcpu->stats, VMM_STAT_HALTS);
	vmm_lapic_timer_outside(&vcpu->apic);
	err = rcuwait_wait_event(&vcpu->wait,
				 vmm_vcpu_must_wake(vcpu) ||
				 pause_requested(vcpu) || thread_work(),
				 TASK_INTERRUPTIBLE);
	vmm_stat_inc(&vcpu->stats, VMM_STAT_HALT_SLEPT);
	adapt_poll(vcpu, local_clock() - start);
	if (err)
		return err;
	if (vcpu->mp_state == VMM_MP_HALTED && vmm_vcpu_must_wake(vcpu))
		wake(vcpu);
	return 0;
}

/* ---- the outer loop ---------------------------------------------------------- */

static void serve_init_sipi(struct vmm_vcpu *vcpu)
{
	if (vmm_vcpu_take(vcpu, VMM_REQ_INIT))
		vmm_vcpu_reset(vcpu, true);
	if (vmm_vcpu_take(vcpu, VMM_REQ_SIPI) &&
	    vcpu->mp_state == VMM_MP_WAIT_FOR_SIPI) {
		smp_rmb();	/* pairs with apic_sipi() */
		vmm_vcpu_sipi(vcpu, READ_ONCE(vcpu->sipi_vector));
	}
}

static inline int thread_must_return(struct vmm_vcpu *vcpu)
{
	unsigned long work = thread_work();

	if (work & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL))
		return -EINTR;
	if (work & _TIF_NOTIFY_RESUME) {
		vcpu->run->reason = VMM_RUN_NONE;
		return VMM_TO_USER;
	}
	return VMM_RESUME;
}

int vmm_vcpu_thread_work(struct vmm_vcpu *vcpu)
{
	return vmm_vm_is_dead(vcpu->vm) ? -ESHUTDOWN : thread_must_return(vcpu);
}

/*
 * Requests that the entry loop leaves to us.  One for a pause comes back when
 * the pause is over.
 */
static noinline int serve_requests(struct vmm_vcpu *vcpu)
{
	int ret;

	if (vmm_vcpu_take(vcpu, VMM_REQ_PAUSE)) {
		vmm_vcpu_go_out(vcpu);
		ret = vmm_vcpu_go_in(vcpu);
		if (ret != VMM_RESUME)
			return ret;
	}
	serve_init_sipi(vcpu);
	if (vmm_vcpu_take(vcpu, VMM_REQ_CLOCK))
		vmm_clock_update(&vcpu->x86, false);
	return VMM_RESUME;
}

/*
 * What may sleep, before the entry loop.  1: go on, 0: return to user space,
 * below 0: an errno for it.
 */
static int before_entry(struct vmm_vcpu *vcpu)
{
	int err;

	if (vmm_vm_is_dead(vcpu->vm))
		return -ESHUTDOWN;
	if (vcpu->stopped)
		return VMM_TO_USER;
	if (need_resched()) {
		preempted(vcpu);
		cond_resched();
	}
	err = thread_must_return(vcpu);
	if (err != VMM_RESUME)
		return err;
	if (unlikely(READ_ONCE(vcpu->requests) & ~INLINE_REQUESTS)) {
		err = serve_requests(vcpu);
		if (err != VMM_RESUME)
			return err;
	}
	if (vcpu->mp_state != VMM_MP_RUNNABLE) {
		err = wait(vcpu);
		if (err)
			return err;
	}
	return VMM_RESUME;
}

/*
 * Which thread runs this vCPU: for directed yields and the account of steal time.
 * The first one sets the VM going.
 */
static void note_thread(struct vmm_vcpu *vcpu)
{
	struct pid *old = rcu_access_pointer(vcpu->pid);

	if (likely(old == task_pid(current)))
		return;
	vmm_control_started(vcpu->vm);
	rcu_assign_pointer(vcpu->pid, get_pid(task_pid(current)));
	vmm_steal_begin(vcpu);
	if (old) {
		synchronize_rcu();
		put_pid(old);
	}
}

/*
 * Handles an exit where it may sleep.  Asked again only while others keep changing
 * the page tables that it walks, or the memory that it needs: who has something else
 * to do does that first.  Nothing has been done so far, so the guest exits once
 * more; a step that has been begun is gone on with by the next run call.
 */
static int handle_slowly(struct vmm_vcpu *vcpu)
{
	int ret;

	do {
		vmm_stat_inc(&vcpu->stats, VMM_STAT_SLOW_EXITS);
		ret = vmm_exit_handle(vcpu, &vcpu->exit, false);
		if (ret != VMM_WOULD_SLEEP)
			return ret;
		cond_resched();
	} while (!signal_pending(current) &&
		 !(READ_ONCE(vcpu->requests) &
		   (BIT(VMM_REQ_PAUSE) | BIT(VMM_REQ_DEAD))));
	if (signal_pending(current) || emul_busy(&vcpu->emul))
		return -EINTR;
	return VMM_RESUME;
}

/* A vCPU that stopped for good is told of once. */
static noinline void tell_stop(struct vmm_vcpu *vcpu)
{
	struct vmm_notice notice = {
		.group = VMM_NOTICE_FAULTS, .event = VMM_NL_EVENT_FAULT,
		.has_vcpu = true, .vcpu = vcpu->id,
		.reason = vcpu->stop_reason,
	};

	vcpu->stop_untold = false;
	vmm_control_notify(vcpu->vm, &notice);
}

/*
 * What user space has done since the last run call: its part of an instruction,
 * and registers.
 */
static inline int heed_user(struct vmm_vcpu *vcpu)
{
	int ret = vmm_emul_complete_user(vcpu);

	if (ret == VMM_WOULD_SLEEP)
		return -EINTR;
	return ret == VMM_RESUME ? vmm_vcpu_check_state(vcpu) : ret;
}

static inline int run_inside(struct vmm_vcpu *vcpu)
{
	int ret = heed_user(vcpu);

	while (ret == VMM_RESUME) {
		ret = before_entry(vcpu);
		if (ret != VMM_RESUME)
			break;
		if (vcpu->mp_state != VMM_MP_RUNNABLE)
			continue;
		ret = entry_loop(vcpu);
		if (ret == VMM_WOULD_SLEEP)
			ret = handle_slowly(vcpu);
	}
	return ret;
}

/* Also while paused: so that state can be read whole. */
static noinline int run_nothing(struct vmm_vcpu *vcpu)
{
	int ret = heed_user(vcpu);

	return ret == VMM_RESUME ? -EINTR : ret;
}

int vmm_vcpu_run(struct vmm_vcpu *vcpu)
{
	int ret;

	lockdep_assert_held(&vcpu->lock);

	note_thread(vcpu);
	if (unlikely(READ_ONCE(vcpu->run->immediate_exit))) {
		ret = run_nothing(vcpu);
	} else {
		ret = vmm_vcpu_go_in(vcpu);
		if (ret == VMM_RESUME)
			ret = run_inside(vcpu);
		vmm_vcpu_go_out_settling(vcpu);
	}
	if (unlikely(vcpu->stop_untold))
		tell_stop(vcpu);
	if (ret == VMM_TO_USER) {
		vcpu->run->rip = vcpu->rip;
		vmm_stat_inc(&vcpu->stats, VMM_STAT_USER_EXITS);
	}
	return ret;
}
