// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/regs.h"
#include "vm/walk.h"
#include "vm/thread.h"
#include "vm/vcpu.h"

#define KICK_MS		10	/* between two kicks */

#define MSR_MTRR_BASE0		0x200
#define MSR_MTRR_MASK0		0x201
#define MSR_MTRR_DEFAULT	0x2ff
#define MTRR_ENABLED		(1 << 11)	/* of default type and mask */
#define MTRR_UNCACHED		0
#define MTRR_WRITE_BACK		6

/*
 * What firmware would have set on every processor: memory is write-back, the
 * PCI hole uncached.
 */
static int set_memory_types(struct vcpu *vcpu, unsigned int phys_bits,
			    struct err *err)
{
	uint64_t hole = LAYOUT_4G - LAYOUT_PCI_HOLE;
	uint64_t mask = ((1ULL << phys_bits) - 1) & ~(hole - 1);
	const struct vmm_msr_entry entry[] = {
		{ .index = MSR_MTRR_BASE0,
		  .value = LAYOUT_PCI_HOLE | MTRR_UNCACHED },
		{ .index = MSR_MTRR_MASK0, .value = mask | MTRR_ENABLED },
		{ .index = MSR_MTRR_DEFAULT,
		  .value = MTRR_ENABLED | MTRR_WRITE_BACK },
	};

	return vmm_set_msrs(vcpu->fd, entry, ARRAY_SIZE(entry), err);
}

int vcpu_create(struct vcpu *vcpu, struct vmm *vmm, int vm, unsigned int id,
		struct bus *bus, const struct ram *ram, struct vm_end *end,
		struct err *err)
{
	void *run;

	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->answered, NULL);
	pthread_cond_init(&vcpu->changed, NULL);
	vcpu->id = id;
	vcpu->bus = bus;
	vcpu->ram = ram;
	vcpu->end = end;
	vcpu->run_size = vmm->info.run_size;
	vcpu->fd = vmm_create_vcpu(vm, id, err);
	if (vcpu->fd < 0)
		return -1;
	if (vcpu->run_size < VMM_RUN_DATA_OFFSET + VMM_RUN_DATA_SIZE)
		return err_set(err, VMCTL_MODULE,
			       "the module's run page has %zu bytes, not %d",
			       vcpu->run_size,
			       VMM_RUN_DATA_OFFSET + VMM_RUN_DATA_SIZE);
	run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu->fd, 0);
	if (run == MAP_FAILED)
		return err_set(err, VMCTL_FAILED,
			       "cannot map the run page of vCPU %u: %s", id,
			       strerror(errno));
	vcpu->run = run;
	return set_memory_types(vcpu, vmm->info.phys_bits, err);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

int vcpu_enter_at(struct vcpu *vcpu, const struct boot_entry *entry,
		  struct err *err)
{
	struct vmm_sregs sregs;
	struct vmm_regs regs;

	if (vmm_get_sregs(vcpu->fd, &sregs, err))
		return -1;
	regs_for_entry(entry, &regs, &sregs);
	if (vmm_set_sregs(vcpu->fd, &sregs, err))
		return -1;
	return vmm_set_regs(vcpu->fd, &regs, err);
}

/* What the guest gets where there is nothing. */
static void serve_mmio(struct vmm_run *run)
{
	if (!run->mmio.write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

static void crash(struct vcpu *vcpu, const char *what)
{
	struct vmm_run *run = vcpu->run;
	struct vmm_sregs sregs;
	struct vmm_regs regs;
	char text[1536] = "", fetch[256] = "", fault[256] = "";
	struct err err;

	if (!vmm_get_regs(vcpu->fd, &regs, &err) &&
	    !vmm_get_sregs(vcpu->fd, &sregs, &err)) {
		regs_text(text, sizeof(text), &regs, &sregs);
		walk_text(fetch, sizeof(fetch), vcpu->ram, &sregs, regs.rip);
		walk_text(fault, sizeof(fault), vcpu->ram, &sregs, sregs.cr2);
	}
	vm_end_set(vcpu->end, END_CRASH, VMCTL_FAILED,
		   "vCPU %u: %s at %#llx: %.*s\n%s%s%s", vcpu->id, what,
		   (unsigned long long)run->rip, (int)sizeof(run->text) - 1,
		   run->text, text, fetch, fault);
}

static void serve(struct vcpu *vcpu)
{
	struct vmm_run *run = vcpu->run;

	switch (run->reason) {
	case VMM_RUN_IO:
		bus_io(vcpu->bus, run->io.port, run->io.write, run->io.size,
		       run->io.count, (uint8_t *)run + VMM_RUN_DATA_OFFSET);
		break;
	case VMM_RUN_MMIO:
		serve_mmio(run);
		break;
	case VMM_RUN_NONE:
		break;
	case VMM_RUN_SHUTDOWN:
		crash(vcpu, "triple fault");
		break;
	case VMM_RUN_FAIL_ENTRY:
		crash(vcpu, "the processor refused the guest's state");
		break;
	case VMM_RUN_INTERNAL:
		crash(vcpu, "the guest did what can't be carried out");
		break;
	default:
		vm_end_set(vcpu->end, END_CRASH, VMCTL_MODULE,
			   "vCPU %u: unknown reason %u to leave the guest",
			   vcpu->id, run->reason);
	}
}

/* ---- its registers, for others --------------------------------------------------- */

/*
 * Between two runs, and after one that was interrupted: whatever the guest did
 * last has been finished.
 */
static void answer(struct vcpu *vcpu)
{
	vcpu->failed = vmm_get_regs(vcpu->fd, &vcpu->state.regs, &vcpu->err) ||
		       vmm_get_sregs(vcpu->fd, &vcpu->state.sregs, &vcpu->err);
	atomic_store(&vcpu->asked, false);
	pthread_cond_signal(&vcpu->answered);
}

static bool is_wanted(const struct vcpu *vcpu)
{
	return atomic_load(&vcpu->asked) || atomic_load(&vcpu->hold);
}

/*
 * A kick can interrupt the call before it has looked at what we did for the guest's
 * last instruction: once more, where none can.  As long as the thread is wanted,
 * which the lock keeps so, the call returns at once.  False: there is more to do for
 * that instruction.
 */
static bool finish(struct vcpu *vcpu)
{
	bool done = true;

	pthread_mutex_lock(&vcpu->lock);
	if (is_wanted(vcpu)) {
		thread_forbid_kick();
		done = ioctl(vcpu->fd, VMM_VCPU_RUN, 0);
		thread_allow_kick();
	}
	pthread_mutex_unlock(&vcpu->lock);
	return done;
}

/* Somebody wants the thread to come out, and it has. */
static void come_out(struct vcpu *vcpu)
{
	if (!is_wanted(vcpu))
		return;
	while (!finish(vcpu))
		serve(vcpu);
	pthread_mutex_lock(&vcpu->lock);
	for (;;) {
		if (atomic_load(&vcpu->asked))
			answer(vcpu);
		if (!atomic_load(&vcpu->hold) || vm_ended(vcpu->end))
			break;
		vcpu->waiting = true;
		pthread_cond_signal(&vcpu->answered);
		pthread_cond_wait(&vcpu->changed, &vcpu->lock);
	}
	vcpu->waiting = false;
	/* if it was set for the end, the thread sees that by itself */
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&vcpu->lock);
}

static bool has_answered(struct vcpu *vcpu)
{
	return !atomic_load(&vcpu->asked);
}

static bool is_waiting(struct vcpu *vcpu)
{
	return vcpu->waiting;
}

/* A kick that comes just before the system call is lost: so they are many. */
static bool await(struct vcpu *vcpu, bool (*done)(struct vcpu *vcpu),
		  unsigned int ms)
{
	struct timespec until;
	unsigned int waited;

	pthread_cond_signal(&vcpu->changed);
	for (waited = 0; !done(vcpu) && waited < ms; waited += KICK_MS) {
		thread_kick(vcpu->thread);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += KICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&vcpu->answered, &vcpu->lock, &until);
	}
	return done(vcpu);
}

/* What was asked of the thread is asked no more, but perhaps something else is. */
static void ask_no_more(struct vcpu *vcpu, atomic_bool *what)
{
	atomic_store(what, false);
	if (!is_wanted(vcpu))
		__atomic_store_n(&vcpu->run->immediate_exit, 0,
				 __ATOMIC_RELEASE);
}

int vcpu_read(struct vcpu *vcpu, unsigned int ms, struct vcpu_state *state,
	      struct err *err)
{
	int ret = 0;

	if (!vcpu->started || vm_ended(vcpu->end))
		return err_set(err, VMCTL_STATE, "the VM has ended");
	pthread_mutex_lock(&vcpu->lock);
	atomic_store(&vcpu->asked, true);
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
	if (!await(vcpu, has_answered, ms)) {
		ask_no_more(vcpu, &vcpu->asked);
		ret = err_set(err, VMCTL_TIMEOUT,
			      "vCPU %u does not leave the guest", vcpu->id);
	} else if (vcpu->failed) {
		*err = vcpu->err;
		ret = -1;
	} else {
		*state = vcpu->state;
	}
	pthread_mutex_unlock(&vcpu->lock);
	return ret;
}

int vcpu_hold(struct vcpu *vcpu, unsigned int ms, struct err *err)
{
	int ret = 0;

	if (!vcpu->started)
		return 0;
	pthread_mutex_lock(&vcpu->lock);
	atomic_store(&vcpu->hold, true);
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
	if (!await(vcpu, is_waiting, ms)) {
		ask_no_more(vcpu, &vcpu->hold);
		ret = err_set(err, vm_ended(vcpu->end) ? VMCTL_STATE :
			      VMCTL_TIMEOUT, "vCPU %u does not leave the guest",
			      vcpu->id);
	}
	pthread_mutex_unlock(&vcpu->lock);
	return ret;
}

void vcpu_release(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	atomic_store(&vcpu->hold, false);
	pthread_cond_signal(&vcpu->changed);
	pthread_mutex_unlock(&vcpu->lock);
}

/* ---- its thread -------------------------------------------------------------------- */

static void run_failed(struct vcpu *vcpu)
{
	if (errno == EINTR || errno == EAGAIN) {
		come_out(vcpu);
		return;
	}
	if (errno == ESHUTDOWN) {
		vm_end_set(vcpu->end, END_ASKED, VMCTL_FAILED, "killed");
		return;
	}
	vm_end_set(vcpu->end, END_CRASH, VMCTL_FAILED,
		   "vCPU %u: cannot run: %s", vcpu->id, strerror(errno));
}

static void *run_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	char name[16];

	snprintf(name, sizeof(name), "vcpu %u", vcpu->id);
	thread_name(name);
	thread_allow_kick();
	while (!vm_ended(vcpu->end)) {
		if (ioctl(vcpu->fd, VMM_VCPU_RUN, 0))
			run_failed(vcpu);
		else
			serve(vcpu);
	}
	return NULL;
}

int vcpu_start(struct vcpu *vcpu, struct err *err)
{
	int ret = thread_start(&vcpu->thread, run_thread, vcpu);

	if (ret)
		return err_set(err, VMCTL_FAILED,
			       "cannot start a thread for vCPU %u: %s",
			       vcpu->id, strerror(ret));
	vcpu->started = true;
	return 0;
}

void vcpu_stop(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
	/* the end is set: who is held sees it */
	pthread_mutex_lock(&vcpu->lock);
	pthread_cond_signal(&vcpu->changed);
	pthread_mutex_unlock(&vcpu->lock);
	thread_kick(vcpu->thread);
}

bool vcpu_join(struct vcpu *vcpu, unsigned int ms)
{
	if (vcpu->started && thread_join_for(vcpu->thread, ms))
		vcpu->started = false;
	return !vcpu->started;
}
