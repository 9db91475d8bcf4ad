// SPDX-License-Identifier: GPL-2.0
#include "lib/records.h"
#include "lib/tell.h"

#define VM(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct record_vm, member)

const struct rows_field tell_vm[] = {
	VM("id",		"ID",		NUMBER,	id),
	VM("name",		"NAME",		TEXT,	name),
	VM("state",		"STATE",	TEXT,	state),
	VM("backend",		"BACKEND",	TEXT,	backend),
	VM("owner",		NULL,		NUMBER,	owner),
	VM("vcpus",		"CPUS",		NUMBER,	vcpus),
	VM("max_vcpus",		NULL,		NUMBER,	max_vcpus),
	VM("memory",		"MEM",		SIZE,	memory),
	VM("max_memory",	NULL,		SIZE,	max_memory),
	VM("resident",		"RESIDENT",	SIZE,	resident),
	VM("uptime_ns",		"UPTIME",	TIME,	uptime_ns),
	VM("paused_ns",		NULL,		TIME,	paused_ns),
	VM("labels",		NULL,		LABELS,	labels),
	VM("weight",		NULL,		NUMBER,	policy.weight),
	VM("cap",		NULL,		NUMBER,	policy.cap),
	VM("pin",		NULL,		TEXT,	policy.pin),
	VM("mem_limit",		NULL,		SIZE,	policy.mem_limit),
	{}
};

const struct rows_field tell_policy[] = {
	VM("name",		"NAME",		TEXT,	name),
	VM("weight",		"WEIGHT",	NUMBER,	policy.weight),
	VM("cap",		"CAP",		NUMBER,	policy.cap),
	VM("pin",		"PIN",		TEXT,	policy.pin),
	VM("mem_limit",		"MEM-LIMIT",	SIZE,	policy.mem_limit),
	{}
};

#define VCPU(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct record_vcpu, member)

const struct rows_field tell_vcpu[] = {
	VCPU("id",		"VCPU",		NUMBER,	id),
	VCPU("state",		"STATE",	TEXT,	state),
	VCPU("cpu",		"CPU",		NUMBER,	cpu),
	VCPU("thread",		"THREAD",	NUMBER,	thread),
	VCPU("reason",		NULL,		TEXT,	reason),
	VCPU("text",		NULL,		TEXT,	text),
	{}
};

#define SLOT(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct record_slot, member)

const struct rows_field tell_slot[] = {
	SLOT("id",		"SLOT",		NUMBER,	id),
	SLOT("gpa",		"GPA",		HEX,	gpa),
	SLOT("size",		"SIZE",		SIZE,	size),
	SLOT("offset",		"OFFSET",	HEX,	offset),
	SLOT("access",		"ACCESS",	TEXT,	access),
	{}
};

#define EVENT(_key, _head, _kind, member, width) {			\
	.key = (_key), .head = (_head), .kind = ROWS_##_kind,		\
	.offset = offsetof(struct record_event, member), .least = (width) }

const struct rows_field tell_event[] = {
	EVENT("time_ns",	"TIME",		CLOCK,	time_ns,	14),
	EVENT("vm",		"ID",		NUMBER,	vm,		4),
	EVENT("name",		"NAME",		TEXT,	name,		16),
	EVENT("group",		"GROUP",	TEXT,	group_name,	6),
	EVENT("seq",		"SEQ",		NUMBER,	seq,		5),
	EVENT("event",		"EVENT",	TEXT,	event,		12),
	EVENT("owner",		NULL,		NUMBER,	owner,		5),
	EVENT("vcpu",		NULL,		NUMBER,	vcpu,		4),
	EVENT("reason",		"REASON",	TEXT,	reason,		10),
	EVENT("lost",		"LOST",		NUMBER,	lost,		0),
	{}
};
