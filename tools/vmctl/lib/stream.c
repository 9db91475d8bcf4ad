// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "lib/container.h"
#include "lib/stream.h"

#define END_VERSION	1

static const struct {
	uint32_t type;
	const char *name;
} names[] = {
	{ VMM_STATE_VM, "VM" },
	{ VMM_STATE_CLOCK, "clock" },
	{ VMM_STATE_ROUTES, "routes" },
	{ VMM_STATE_LINES, "interrupt lines" },
	{ VMM_STATE_PIC, "PIC" },
	{ VMM_STATE_IOAPIC, "IOAPIC" },
	{ VMM_STATE_PIT, "PIT" },
	{ VMM_STATE_CPUID, "CPUID" },
	{ VMM_STATE_REGS, "registers" },
	{ VMM_STATE_SREGS, "system registers" },
	{ VMM_STATE_DEBUGREGS, "debug registers" },
	{ VMM_STATE_MSRS, "MSRs" },
	{ VMM_STATE_XSAVE, "FPU" },
	{ VMM_STATE_EVENTS, "events" },
	{ VMM_STATE_LAPIC, "local APIC" },
	{ VMM_STATE_TIME, "vCPU's time" },
	{ VMM_STATE_END, "end" },
	{ STATE_MACHINE, "machine" },
	{ STATE_KERNEL, "kernel's state" },
	{ STATE_SERIAL, "serial port" },
	{ STATE_RTC, "real-time clock" },
	{ STATE_PM, "ACPI registers" },
	{ STATE_RESET, "reset ports" },
	{ STATE_I8042, "keyboard controller" },
	{ STATE_FW_CFG, "firmware configuration" },
};

const char *state_name(uint32_t type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown";
}

void *stream_begin(struct bytes *out, uint32_t type, uint16_t version,
		   size_t size)
{
	struct vmm_state_record head = {
		.type = type, .version = version, .size = (uint32_t)size,
	};
	uint8_t *at = bytes_extend(out, sizeof(head) + size);

	if (!at)
		return NULL;
	memcpy(at, &head, sizeof(head));
	return at + sizeof(head);
}

/* The header at @at, if it and its payload are there. */
static bool head_at(const uint8_t *at, size_t left,
		    struct vmm_state_record *head)
{
	if (left < sizeof(*head))
		return false;
	memcpy(head, at, sizeof(*head));
	return head->size % 8 == 0 && head->size <= left - sizeof(*head);
}

int stream_end(struct bytes *out, size_t start)
{
	struct vmm_state_end end = { .bytes = out->len - start };
	struct vmm_state_record head;
	size_t at;
	void *to;

	for (at = start; head_at(out->data + at, out->len - at, &head);
	     at += sizeof(head) + head.size)
		end.records++;
	to = stream_begin(out, VMM_STATE_END, END_VERSION, sizeof(end));
	if (!to)
		return -1;
	memcpy(to, &end, sizeof(end));
	return 0;
}

static int damaged(uint32_t type, const char *what, struct err *err)
{
	return err_set(err, VMCTL_FAILED, "no state of a machine: %s: %s",
		       state_name(type), what);
}

const void *stream_take_any(struct stream *s, uint32_t type, uint16_t version,
			    size_t *size, struct err *err)
{
	const uint8_t *payload = s->at + sizeof(struct vmm_state_record);
	struct vmm_state_record head;

	if (!head_at(s->at, s->left, &head)) {
		damaged(type, "it ends there", err);
		return NULL;
	}
	if (head.type != type || head.flags || head.instance) {
		damaged(type, "another record is in its place", err);
		return NULL;
	}
	if (head.version != version) {
		damaged(type, "of a version that this vmctl does not know", err);
		return NULL;
	}
	*size = head.size;
	s->at += sizeof(head) + head.size;
	s->left -= sizeof(head) + head.size;
	s->bytes += sizeof(head) + head.size;
	s->records++;
	return payload;
}

const void *stream_take(struct stream *s, uint32_t type, uint16_t version,
			size_t size, struct err *err)
{
	const void *payload;
	size_t found;

	payload = stream_take_any(s, type, version, &found, err);
	if (payload && found != size) {
		damaged(type, "of another size", err);
		return NULL;
	}
	return payload;
}

int stream_finish(struct stream *s, struct err *err)
{
	uint64_t records = s->records, bytes = s->bytes;
	const void *payload;
	struct vmm_state_end end;

	payload = stream_take(s, VMM_STATE_END, END_VERSION, sizeof(end), err);
	if (!payload)
		return -1;
	memcpy(&end, payload, sizeof(end));
	if (end.records != records || end.bytes != bytes || s->left)
		return damaged(VMM_STATE_END, "not all of it is there", err);
	return 0;
}

const void *stream_find(const void *data, size_t len, uint32_t type,
			uint32_t instance, size_t *size)
{
	struct vmm_state_record head;
	const uint8_t *at = data;

	while (head_at(at, len, &head)) {
		if (head.type == type && head.instance == instance) {
			*size = head.size;
			return at + sizeof(head);
		}
		at += sizeof(head) + head.size;
		len -= sizeof(head) + head.size;
	}
	return NULL;
}
