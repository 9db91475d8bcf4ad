// SPDX-License-Identifier: GPL-2.0
/* Pause, and the kernel's part of a VM's state: see lib/vmm.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/container.h"
#include "lib/features.h"
#include "lib/stream.h"
#include "lib/vmm.h"

#define TRIES	8	/* of finding the length, if it changes in between */

static int change(int vm, unsigned long cmd, const char *what, struct err *err)
{
	if (!ioctl(vm, cmd, 0))
		return 0;
	if (errno == EALREADY)
		return 1;
	return err_set(err, errno == ETIMEDOUT ? VMCTL_TIMEOUT : VMCTL_STATE,
		       "cannot %s the VM: %s", what, strerror(errno));
}

int vmm_pause(int vm, struct err *err)
{
	return change(vm, VMM_VM_PAUSE, "pause", err);
}

int vmm_resume(int vm, struct err *err)
{
	return change(vm, VMM_VM_RESUME, "resume", err);
}

static int get_failed(struct err *err)
{
	switch (errno) {
	case EBUSY:
		return err_set(err, VMCTL_STATE,
			       "cannot save the VM: it is not paused, or a vCPU is in use");
	case ENOTRECOVERABLE:
		return err_set(err, VMCTL_STATE,
			       "cannot save the VM: a vCPU has stopped for good");
	}
	return err_set(err, errno == ENOTTY ? VMCTL_MODULE : VMCTL_FAILED,
		       "cannot save the VM: %s", strerror(errno));
}

int vmm_get_state(int vm, struct bytes *out, struct err *err)
{
	struct vmm_vm_state st = {};
	size_t start = out->len;
	unsigned int i;
	uint8_t *to;

	for (i = 0; i < TRIES; i++) {
		if (!ioctl(vm, VMM_VM_GET_STATE, &st)) {
			out->len = start + st.size;
			return 0;
		}
		if (errno != ENOSPC)
			break;
		out->len = start;
		to = bytes_extend(out, st.size);
		if (!to)
			return err_set(err, VMCTL_FAILED, "out of memory");
		st.data = (uintptr_t)to;
	}
	out->len = start;
	return get_failed(err);
}

/* The vCPU whose CPUID begins at @offset of @data. */
static int lacks(const struct vmm *vmm, const void *data, size_t size,
		 uint64_t offset, struct err *err)
{
	struct vmm_cpuid_entry want[VMM_MAX_CPUID], have[VMM_MAX_CPUID];
	struct vmm_cpuid supported = {
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)have,
	};
	const struct vmm_state_record *head;
	struct vmm_state_record at;
	char text[400];
	size_t len;

	head = (const void *)((const uint8_t *)data + offset);
	if (offset > size || size - offset < sizeof(at))
		return err_set(err, VMCTL_HOST, "this host lacks features");
	memcpy(&at, head, sizeof(at));
	len = at.size < size - offset - sizeof(at) ? at.size :
						      size - offset - sizeof(at);
	if (at.type != VMM_STATE_CPUID || len > sizeof(want))
		return err_set(err, VMCTL_HOST,
			       "this host lacks what the guest was told of its processor in IA32_ARCH_CAPABILITIES");
	memcpy(want, head + 1, len);
	if (ioctl(vmm->fd, VMM_SUPPORTED_CPUID, &supported))
		return err_set(err, VMCTL_FAILED, "CPUID: %s", strerror(errno));
	features_missing(want, (unsigned int)(len / sizeof(*want)), have,
			 supported.count, text, sizeof(text));
	return err_set(err, VMCTL_HOST,
		       "this host lacks what the guest was given: %s", text);
}

static int other_tsc(const struct vmm *vmm, const void *data, size_t size,
		     struct err *err)
{
	struct vmm_state_vm vm = {};
	const void *at;
	size_t len;

	at = stream_find(data, size, VMM_STATE_VM, 0, &len);
	if (at && len == sizeof(vm))
		memcpy(&vm, at, sizeof(vm));
	return err_set(err, VMCTL_HOST,
		       "the guest's time-stamp counter ticks at %u kHz, this host's at %u; try: --any-tsc",
		       vm.tsc_khz, vmm->info.tsc_khz);
}

int vmm_set_state(const struct vmm *vmm, int vm, const void *data, size_t size,
		  unsigned int flags, struct err *err)
{
	struct vmm_vm_state st = {
		.data = (uintptr_t)data, .size = size, .flags = flags,
	};

	if (!ioctl(vm, VMM_VM_SET_STATE, &st))
		return 0;
	switch (errno) {
	case EOPNOTSUPP:
		return lacks(vmm, data, size, st.record, err);
	case EDOM:
		return other_tsc(vmm, data, size, err);
	case ENXIO:
		return err_set(err, VMCTL_FAILED,
			       "the state is of a VM with other vCPUs");
	case EBADMSG:
	case E2BIG:
		return err_set(err, VMCTL_FAILED,
			       "no state of a VM, or of another version: %s",
			       state_name(st.seen));
	case EINVAL:
		return err_set(err, VMCTL_FAILED,
			       "the state has a value that cannot be: %s",
			       state_name(st.seen));
	case EBUSY:
		return err_set(err, VMCTL_STATE,
			       "cannot load the VM: it is not paused, or a vCPU is in use");
	}
	return err_set(err, errno == ENOTTY ? VMCTL_MODULE : VMCTL_FAILED,
		       "cannot load the VM: %s", strerror(errno));
}
