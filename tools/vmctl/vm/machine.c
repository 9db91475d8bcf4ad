// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "lib/container.h"
#include "lib/fresh.h"
#include "vm/machine.h"
#include "vm/state.h"
#include "vm/thread.h"

#define STOP_SLICE_MS	50
#define DRAIN_ASKED_MS	500	/* when the operator wants it to end */

/* ---- devices ------------------------------------------------------------ */

static void drive(struct irq_line *line, bool level)
{
	struct machine_irq *irq = container_of(line, struct machine_irq, line);
	struct vmm_irq_line arg = { .gsi = irq->gsi, .level = level };

	/* fails only when the VM is dead, and then nobody listens */
	ioctl(irq->vm, VMM_VM_IRQ_LINE, &arg);
}

static void irq_init(struct machine_irq *irq, int vm, unsigned int gsi)
{
	irq->line.drive = drive;
	irq->vm = vm;
	irq->gsi = gsi;
}

/* The last that a dead VM's guest sees does not matter. */
static uint64_t clock_now(struct vm_clock *clock)
{
	struct machine_clock *c = container_of(clock, struct machine_clock, clock);
	struct vmm_vm_clock now = {};

	return ioctl(c->vm, VMM_VM_GET_CLOCK, &now) ? 0 : now.ns;
}

static int add_ports(struct machine *m, struct err *err)
{
	struct port_device *const devices[] = {
		&m->serial.port, &m->rtc.port, &m->pm.regs, &m->pm.timer,
		&m->reset.control, &m->reset.fast, &m->i8042.data_port,
		&m->i8042.command_port, &m->fw_cfg.port,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (bus_add(&m->bus, devices[i], err))
			return -1;
	if (m->opt->debug_exit < 0)
		return 0;
	debug_exit_init(&m->debug_exit, (uint16_t)m->opt->debug_exit, &m->end);
	if (bus_add(&m->bus, &m->debug_exit.port, err))
		return err_wrap(err, "--debug-exit");
	return 0;
}

static int create_devices(struct machine *m, struct err *err)
{
	irq_init(&m->serial_irq, m->vm, SERIAL_IRQ);
	irq_init(&m->rtc_irq, m->vm, RTC_IRQ);
	irq_init(&m->sci, m->vm, ACPI_SCI);
	serial_init(&m->serial, &m->serial_irq.line, &m->cable->sink);
	m->clock = (struct machine_clock){
		.clock.now = clock_now, .vm = m->vm,
	};
	pm_init(&m->pm, &m->sci.line, &m->clock.clock, &m->end);
	reset_init(&m->reset, &m->end);
	i8042_init(&m->i8042, &m->end);
	fw_cfg_init(&m->fw_cfg, m->opt->memory, m->cpus);
	if (rtc_init(&m->rtc, &m->rtc_irq.line, &m->ram.layout, m->cpus, err))
		return -1;
	return add_ports(m, err);
}

/* ---- what it is made of ------------------------------------------------- */

static int check_limits(const struct vmm_info *info,
			const struct machine_options *opt, struct err *err)
{
	char have[SIZE_TEXT_LEN], limit[SIZE_TEXT_LEN];

	if (opt->cpus > info->max_vcpus)
		return err_set(err, VMCTL_USAGE,
			       "-c %u: this module runs at most %u vCPUs in a VM",
			       opt->cpus, info->max_vcpus);
	if (opt->memory > info->max_mem)
		return err_set(err, VMCTL_USAGE,
			       "-m %s: this module gives a VM at most %s",
			       size_text(have, opt->memory),
			       size_text(limit, info->max_mem));
	return 0;
}

int machine_files_open(struct machine_files *files,
		       const struct machine_options *opt, struct err *err)
{
	*files = (struct machine_files){
		.vmm.fd = -1, .boot.kernel.fd = -1, .boot.initrd.fd = -1,
		.memory = -1,
	};
	return vmm_open(&files->vmm, err) ||
	       check_limits(&files->vmm.info, opt, err) ||
	       boot_files_open(&files->boot, &opt->boot, err) ? -1 : 0;
}

void machine_files_close(struct machine_files *files)
{
	boot_files_close(&files->boot);
	if (files->memory >= 0)
		close(files->memory);
	files->memory = -1;
	vmm_close(&files->vmm);
}

int machine_memory_open(struct machine_files *files,
			const struct machine_options *opt, struct err *err)
{
	const struct vmm_mem_swap swap = {};

	if (!opt->pages.told && !opt->swap && opt->ksm == MERGING_ON)
		return 0;
	files->memory = vmm_create_mem(&files->vmm, opt->memory, err);
	if (files->memory < 0 || pages_set(&opt->pages, files->memory, err))
		return -1;
	if (opt->ksm != MERGING_ON &&
	    vmm_mem_domain(files->memory, opt->ksm == MERGING_OFF ?
			   VMM_DOMAIN_OFF : VMM_DOMAIN_NEW, err))
		return -1;
	return opt->swap ? vmm_mem_swap_to(files->memory, opt->swap, &swap, err) :
			   0;
}

/* ---- making ------------------------------------------------------------- */

static int create_vcpus(struct machine *m, struct err *err)
{
	unsigned int i;

	m->vcpu = calloc(m->opt->cpus, sizeof(*m->vcpu));
	if (!m->vcpu)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (i = 0; i < m->opt->cpus; i++) {
		m->vcpu[i].fd = -1;
		m->cpus = i + 1;
		if (vcpu_create(&m->vcpu[i], &m->files->vmm, m->vm, i, &m->bus, &m->ram,
				&m->end, err))
			return -1;
	}
	return 0;
}

static int create_vm(struct machine *m, const struct layout *layout,
		     struct err *err)
{
	struct vmm *vmm = &m->files->vmm;

	m->vm = vmm_create_vm(vmm, m->opt->name, m->opt->unique,
			      m->opt->cpus, err);
	return m->vm < 0 || ram_create(&m->ram, vmm, m->vm, layout, err) ||
	       create_vcpus(m, err) ? -1 : 0;
}

/* What the machine before had there is not for one that boots. */
static int empty_memory(struct machine *m, struct err *err)
{
	return m->ram.fd < 0 ? 0 :
	       vmm_mem_empty(m->ram.fd, m->opt->memory, err);
}

/* Plans the boot first: a bad kernel file costs no VM. */
static int create_booting(struct machine *m, const struct layout *layout,
			  struct err *err)
{
	struct boot *b = malloc(sizeof(*b));
	int ret;

	if (!b)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = boot_open(b, &m->files->boot, &m->opt->boot, layout, m->opt->cpus,
			err) ||
	      empty_memory(m, err) || create_vm(m, layout, err) || ram_load(&m->ram, &b->plan, err) ||
	      vcpu_enter_at(&m->vcpu[0], &b->plan.entry, err) ? -1 : 0;
	boot_close(b);
	free(b);
	return ret;
}

static int create_guest(struct machine *m, struct err *err)
{
	struct layout layout;

	if (layout_make(&layout, m->opt->memory, m->files->vmm.info.phys_bits,
			err))
		return -1;
	return m->files->bare ? create_vm(m, &layout, err) :
				create_booting(m, &layout, err);
}

static int plug(struct machine *m, struct err *err)
{
	m->plugged = true;
	return m->cable->ops->plug(m->cable, &m->serial, &m->end, err);
}

struct machine *machine_create(const struct machine_options *opt,
			       struct machine_files *files, struct loop *loop,
			       struct cable *cable, struct err *err)
{
	struct machine *m = fresh_alloc(sizeof(*m));

	if (!m) {
		err_set(err, VMCTL_FAILED, "out of memory");
		return NULL;
	}
	m->opt = opt;
	m->files = files;
	m->loop = loop;
	m->cable = cable;
	m->vm = m->rtc.timer.fd = -1;
	m->ram.fd = files->memory;
	files->memory = -1;
	m->ended.fd = m->signals.fd = m->timeout.fd = m->requests.fd = -1;
	if (vm_end_init(&m->end)) {
		err_set(err, VMCTL_FAILED, "eventfd: %s", strerror(errno));
		goto fail;
	}
	if (create_guest(m, err) || plug(m, err) || create_devices(m, err))
		goto fail;
	return m;
fail:
	machine_destroy(m);
	return NULL;
}

/* The loop goes on without it, if it was ever there. */
static void forget(struct machine *m, struct loop_source *source)
{
	if (source->fd >= 0)
		loop_remove(m->loop, source);
}

static void close_source(struct machine *m, struct loop_source *source)
{
	forget(m, source);
	if (source->fd >= 0)
		close(source->fd);
}

void machine_destroy(struct machine *m)
{
	if (m->plugged)
		m->cable->ops->unplug(m->cable);
	while (m->cpus)
		vcpu_destroy(&m->vcpu[--m->cpus]);
	free(m->vcpu);
	forget(m, &m->ended);
	forget(m, &m->requests);
	forget(m, &m->rtc.timer);
	if (m->rtc.timer.fd >= 0)
		rtc_fini(&m->rtc);
	ram_destroy(&m->ram);
	if (m->vm >= 0)
		close(m->vm);
	close_source(m, &m->signals);
	close_source(m, &m->timeout);
	vm_end_fini(&m->end);
	fresh_free(m, sizeof(*m));
}

void machine_replace(struct machine *m)
{
	m->files->memory = m->ram.fd;
	m->ram.fd = -1;
	machine_destroy(m);
}

/* ---- running ------------------------------------------------------------ */

static void end_ready(struct loop_source *source)
{
	(void)source;	/* the loop looks at the end itself */
}

static void signal_ready(struct loop_source *source)
{
	struct machine *m = container_of(source, struct machine, signals);
	struct signalfd_siginfo info;
	const uint8_t etx = 3;
	int sig;

	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	sig = (int)info.ssi_signo;
	if (sig == SIGINT && m->cable->terminal) {
		/* sent by someone who could not type ^C: the same */
		if (serial_room(&m->serial))
			serial_receive(&m->serial, &etx, 1);
		return;
	}
	vm_end_set(&m->end, END_ASKED, VMCTL_FAILED, "ended by SIG%s",
		   sigabbrev_np(sig));
}

/* What others ask of this process through the kernel, or that they killed it. */
static void requests_ready(struct loop_source *source)
{
	struct machine *m = container_of(source, struct machine, requests);
	struct vmm_vm_requests taken = {};

	if (ioctl(source->fd, VMM_VM_TAKE_REQUESTS, &taken)) {
		vm_end_set(&m->end, END_ASKED, VMCTL_FAILED, "killed");
		return;
	}
	if (taken.requests & VMM_REQUEST_STOP)
		pm_press_button(&m->pm);
	if (taken.requests & VMM_REQUEST_RESET)
		vm_end_set(&m->end, END_RESET, VMCTL_OK,
			   "an operator asked for a reset");
}

static void timeout_ready(struct loop_source *source)
{
	struct machine *m = container_of(source, struct machine, timeout);

	vm_end_set(&m->end, END_TIMEOUT, VMCTL_TIMEOUT,
		   "still running after %g seconds: ended",
		   (double)m->opt->timeout_ns / 1e9);
}

static int add_signals(struct machine *m, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	m->signals.ready = signal_ready;
	m->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals.fd < 0)
		return err_set(err, VMCTL_FAILED, "signalfd: %s",
			       strerror(errno));
	return loop_add(m->loop, &m->signals, err);
}

static int add_timeout(struct machine *m, struct err *err)
{
	struct itimerspec when = {
		.it_value.tv_sec = (time_t)(m->opt->timeout_ns / 1000000000),
		.it_value.tv_nsec = (long)(m->opt->timeout_ns % 1000000000),
	};

	if (!m->opt->timeout_ns)
		return 0;
	m->timeout.ready = timeout_ready;
	m->timeout.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (m->timeout.fd < 0 ||
	    timerfd_settime(m->timeout.fd, 0, &when, NULL))
		return err_set(err, VMCTL_FAILED, "timerfd: %s",
			       strerror(errno));
	return loop_add(m->loop, &m->timeout, err);
}

static int add_requests(struct machine *m, struct err *err)
{
	m->requests.fd = m->vm;
	m->requests.ready = requests_ready;
	return loop_add(m->loop, &m->requests, err);
}

static int add_sources(struct machine *m, struct err *err)
{
	m->ended.fd = m->end.event;
	m->ended.ready = end_ready;
	if (loop_add(m->loop, &m->ended, err) ||
	    loop_add(m->loop, &m->rtc.timer, err) ||
	    add_requests(m, err) ||
	    add_signals(m, err) || add_timeout(m, err))
		return -1;
	return m->cable->ops->begin(m->cable, m->loop, m->opt->name, err);
}

/* Whether the operator sends another signal while we are ending. */
static bool impatient(struct machine *m)
{
	struct signalfd_siginfo info;

	return read(m->signals.fd, &info, sizeof(info)) == sizeof(info);
}

/*
 * A vCPU may wait for room in the console, and the console for a reader that
 * does not read.  A guest that ended by itself gets all the time it takes to
 * write its last words; otherwise there is a limit.
 */
static void stop(struct machine *m)
{
	bool asked = m->end.kind == END_ASKED || m->end.kind == END_TIMEOUT;
	unsigned int i, waited = 0;

	for (i = 0; i < m->cpus; i++)
		vcpu_stop(&m->vcpu[i]);
	for (i = 0; i < m->cpus; i++) {
		while (!vcpu_join(&m->vcpu[i], STOP_SLICE_MS)) {
			waited += STOP_SLICE_MS;
			if (impatient(m) ||
			    (asked && waited >= DRAIN_ASKED_MS))
				m->cable->ops->abandon(m->cable);
		}
	}
	while (!m->cable->ops->drain(m->cable, STOP_SLICE_MS)) {
		waited += STOP_SLICE_MS;
		if (impatient(m) || (asked && waited >= DRAIN_ASKED_MS))
			break;
	}
	m->cable->ops->unplug(m->cable);
	m->plugged = false;
}

int machine_start(struct machine *m, struct err *err)
{
	unsigned int i;
	int ret;

	ret = add_sources(m, err);
	for (i = 0; i < m->cpus && !ret; i++)
		ret = vcpu_start(&m->vcpu[i], err);
	if (!ret) {
		if (m->held)
			machine_release(m);
		return 0;
	}
	vm_end_set(&m->end, END_CRASH, err->code, "%s", err->text);
	stop(m);
	return -1;
}

void machine_run(struct machine *m)
{
	struct err err;

	while (!vm_ended(&m->end))
		if (loop_once(m->loop, &err))
			vm_end_set(&m->end, END_CRASH, err.code, "%s",
				   err.text);
	stop(m);
}
