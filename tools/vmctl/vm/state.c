// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/size.h"
#include "lib/stream.h"
#include "vm/state.h"

#define VERSION		1
#define HOLD_MS		2000	/* for a vCPU to finish what its guest asked for */

/** struct machine_state - what a machine must be like to take the state */
struct machine_state {
	uint64_t memory;
	uint32_t cpus;
	int32_t debug_exit;
};

/* ---- holding ---------------------------------------------------------------------- */

static void release_vcpus(struct machine *m, unsigned int count)
{
	while (count)
		vcpu_release(&m->vcpu[--count]);
}

static int hold_vcpus(struct machine *m, struct err *err)
{
	unsigned int i;

	for (i = 0; i < m->cpus; i++) {
		if (vcpu_hold(&m->vcpu[i], HOLD_MS, err)) {
			release_vcpus(m, i);
			return -1;
		}
	}
	return 0;
}

static void go_on(struct machine *m)
{
	struct err err;

	/* fails only if somebody resumed it meanwhile, or killed it */
	if (m->go_on)
		vmm_resume(m->vm, &err);
	m->go_on = false;
}

int machine_hold(struct machine *m, struct err *err)
{
	int paused = vmm_pause(m->vm, err);

	if (paused < 0)
		return -1;
	m->go_on = !paused;
	if (hold_vcpus(m, err)) {
		go_on(m);
		return -1;
	}
	m->held = true;
	return 0;
}

void machine_release(struct machine *m)
{
	m->held = false;
	go_on(m);
	release_vcpus(m, m->cpus);
}

/* ---- saving ------------------------------------------------------------------------ */

/* So that no line changes between its device's record and the kernel's. */
static void lock_lines(struct machine *m)
{
	pthread_mutex_lock(&m->serial.lock);
	pthread_mutex_lock(&m->rtc.lock);
	pthread_mutex_lock(&m->pm.lock);
}

static void unlock_lines(struct machine *m)
{
	pthread_mutex_unlock(&m->pm.lock);
	pthread_mutex_unlock(&m->rtc.lock);
	pthread_mutex_unlock(&m->serial.lock);
}

static int save_machine(struct machine *m, struct bytes *out)
{
	struct machine_state *st;

	st = stream_begin(out, STATE_MACHINE, VERSION, sizeof(*st));
	if (!st)
		return -1;
	*st = (struct machine_state){
		.memory = m->opt->memory, .cpus = m->cpus,
		.debug_exit = m->opt->debug_exit < 0 ? -1 : m->opt->debug_exit,
	};
	return 0;
}

/* Of a length that is known when it is there. */
static int save_kernel(struct machine *m, struct bytes *out, struct err *err)
{
	struct vmm_state_record head;
	size_t at = out->len;

	if (!stream_begin(out, STATE_KERNEL, VERSION, 0))
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (vmm_get_state(m->vm, out, err))
		return -1;
	memcpy(&head, out->data + at, sizeof(head));
	head.size = (uint32_t)(out->len - at - sizeof(head));
	memcpy(out->data + at, &head, sizeof(head));
	return 0;
}

#define SAVE(m, out, TYPE, dev) ({					\
	struct dev##_state *_st = stream_begin(out, STATE_##TYPE,	\
					       VERSION, sizeof(*_st));	\
	if (_st)							\
		dev##_save(&(m)->dev, _st);				\
	_st ? 0 : -1; })

static int save_devices(struct machine *m, struct bytes *out)
{
	return SAVE(m, out, SERIAL, serial) || SAVE(m, out, RTC, rtc) ||
	       SAVE(m, out, PM, pm) || SAVE(m, out, RESET, reset) ||
	       SAVE(m, out, I8042, i8042) || SAVE(m, out, FW_CFG, fw_cfg) ?
		-1 : 0;
}

int machine_save(struct machine *m, struct bytes *out, struct err *err)
{
	size_t start = out->len;
	int ret;

	if (!m->held)
		return err_set(err, VMCTL_STATE, "the machine is not held");
	if (save_machine(m, out))
		return err_set(err, VMCTL_FAILED, "out of memory");
	lock_lines(m);
	ret = save_kernel(m, out, err);
	if (!ret && (save_devices(m, out) || stream_end(out, start)))
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	unlock_lines(m);
	if (ret)
		out->len = start;
	return ret;
}

/* All processors were given the same. */
int machine_save_cpuid(struct machine *m, struct bytes *out, struct err *err)
{
	struct vmm_cpuid_entry entry[VMM_MAX_CPUID];
	struct vmm_cpuid arg = {
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)entry,
	};

	if (ioctl(m->vcpu[0].fd, VMM_VCPU_GET_CPUID, &arg))
		return err_set(err, VMCTL_FAILED, "cannot read its CPUID: %s",
			       strerror(errno));
	if (bytes_add(out, entry, arg.count * sizeof(entry[0])))
		return err_set(err, VMCTL_FAILED, "out of memory");
	return (int)(arg.count * sizeof(entry[0]));
}

/* ---- loading ----------------------------------------------------------------------- */

/** struct loaded - records, copied to where they are aligned */
struct loaded {
	const void *kernel;
	size_t kernel_size;
	struct serial_state serial;
	struct rtc_state rtc;
	struct pm_state pm;
	struct reset_state reset;
	struct i8042_state i8042;
	struct fw_cfg_state fw_cfg;
};

static int take_machine(struct machine *m, struct stream *s, struct err *err)
{
	char theirs[SIZE_TEXT_LEN], ours[SIZE_TEXT_LEN];
	struct machine_state st;
	const void *at;

	at = stream_take(s, STATE_MACHINE, VERSION, sizeof(st), err);
	if (!at)
		return -1;
	memcpy(&st, at, sizeof(st));
	if (st.memory != m->opt->memory)
		return err_set(err, VMCTL_FAILED,
			       "the state is of a machine with %s of memory, not %s",
			       size_text(theirs, st.memory),
			       size_text(ours, m->opt->memory));
	if (st.cpus != m->cpus)
		return err_set(err, VMCTL_FAILED,
			       "the state is of a machine with %u processors, not %u",
			       st.cpus, m->cpus);
	if (st.debug_exit != (m->opt->debug_exit < 0 ? -1 : m->opt->debug_exit))
		return err_set(err, VMCTL_FAILED,
			       "the state is of a machine with another --debug-exit");
	return 0;
}

#define TAKE(s, l, TYPE, dev, err) ({					\
	const void *_at = stream_take(s, STATE_##TYPE, VERSION,		\
				      sizeof((l)->dev), err);		\
	int _ret = -1;							\
	if (_at) {							\
		memcpy(&(l)->dev, _at, sizeof((l)->dev));		\
		_ret = dev##_valid(&(l)->dev) ? 0 :			\
		       err_set(err, VMCTL_FAILED,			\
			       "the state has a value that cannot be: %s", \
			       state_name(STATE_##TYPE));		\
	}								\
	_ret; })

static int take(struct machine *m, struct stream *s, struct loaded *l,
		struct err *err)
{
	if (take_machine(m, s, err))
		return -1;
	l->kernel = stream_take_any(s, STATE_KERNEL, VERSION, &l->kernel_size,
				    err);
	if (!l->kernel)
		return -1;
	return TAKE(s, l, SERIAL, serial, err) || TAKE(s, l, RTC, rtc, err) ||
	       TAKE(s, l, PM, pm, err) || TAKE(s, l, RESET, reset, err) ||
	       TAKE(s, l, I8042, i8042, err) ||
	       TAKE(s, l, FW_CFG, fw_cfg, err) || stream_finish(s, err) ?
		-1 : 0;
}

/* The kernel looks at all of its part before it takes any. */
static int load(struct machine *m, const struct loaded *l, struct err *err)
{
	int ret;

	lock_lines(m);
	ret = vmm_set_state(&m->files->vmm, m->vm, l->kernel, l->kernel_size,
			    m->files->any_tsc ? VMM_STATE_ANY_TSC : 0, err);
	if (!ret) {
		serial_load(&m->serial, &l->serial);
		rtc_load(&m->rtc, &l->rtc);
		pm_load(&m->pm, &l->pm);
	}
	unlock_lines(m);
	if (ret)
		return ret;
	reset_load(&m->reset, &l->reset);
	i8042_load(&m->i8042, &l->i8042);
	fw_cfg_load(&m->fw_cfg, &l->fw_cfg);
	return 0;
}

int machine_load(struct machine *m, const void *data, size_t size,
		 struct err *err)
{
	struct stream s = { .at = data, .left = size };
	bool held = m->held;
	struct loaded l;

	if (take(m, &s, &l, err))
		return -1;
	if (!held && machine_hold(m, err))
		return -1;
	if (!load(m, &l, err))
		return 0;
	if (!held)
		machine_release(m);
	return -1;
}
