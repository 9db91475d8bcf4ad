// SPDX-License-Identifier: GPL-2.0
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/vmm_netlink.h>

#include "lib/attrs.h"
#include "lib/container.h"
#include "lib/records.h"

/* Dumps that VMs' coming and going spoils are asked for again, so often. */
#define TRIES	100

/* ---- attributes ------------------------------------------------------------ */

static const struct nla_policy policy[VMM_NL_A_MAX + 1] = {
	[VMM_NL_A_VM_ID] = ATTRS_U32,
	[VMM_NL_A_NAME] = ATTRS_TEXT,
	[VMM_NL_A_STATE] = ATTRS_U32,
	[VMM_NL_A_OWNER] = ATTRS_U32,
	[VMM_NL_A_BACKEND] = ATTRS_TEXT,
	[VMM_NL_A_VCPUS] = ATTRS_U32,
	[VMM_NL_A_MAX_VCPUS] = ATTRS_U32,
	[VMM_NL_A_MEMORY] = ATTRS_U64,
	[VMM_NL_A_MAX_MEMORY] = ATTRS_U64,
	[VMM_NL_A_RESIDENT] = ATTRS_U64,
	[VMM_NL_A_UPTIME_NS] = ATTRS_U64,
	[VMM_NL_A_PAUSED_NS] = ATTRS_U64,
	[VMM_NL_A_REQUESTS] = ATTRS_U32,
	[VMM_NL_A_LABEL] = ATTRS_NEST,
	[VMM_NL_A_LIFE_SEQ] = ATTRS_U64,
	[VMM_NL_A_LIMITS_SEQ] = ATTRS_U64,
	[VMM_NL_A_FAULTS_SEQ] = ATTRS_U64,
	[VMM_NL_A_VCPU_ID] = ATTRS_U32,
	[VMM_NL_A_MP_STATE] = ATTRS_U32,
	[VMM_NL_A_CPU] = ATTRS_U32,
	[VMM_NL_A_TID] = ATTRS_U32,
	[VMM_NL_A_STOP_REASON] = ATTRS_U32,
	[VMM_NL_A_STOP_TEXT] = ATTRS_TEXT,
	[VMM_NL_A_SLOT_ID] = ATTRS_U32,
	[VMM_NL_A_SLOT_FLAGS] = ATTRS_U32,
	[VMM_NL_A_GPA] = ATTRS_U64,
	[VMM_NL_A_SIZE] = ATTRS_U64,
	[VMM_NL_A_OFFSET] = ATTRS_U64,
	[VMM_NL_A_STAT] = ATTRS_NEST,
	[VMM_NL_A_EVENT] = ATTRS_U32,
	[VMM_NL_A_SEQ] = ATTRS_U64,
	[VMM_NL_A_TIME_NS] = ATTRS_U64,
};

typedef struct nlattr *attrs_t[VMM_NL_A_MAX + 1];

static int parse(const void *data, size_t len, attrs_t a)
{
	return attrs_parse(data, len, policy, VMM_NL_A_MAX, a);
}

/* @number as one of @words, which a newer module may have more of. */
static void word(char to[RECORD_WORD], const char *const *words, size_t count,
		 uint64_t number)
{
	if (number < count && words[number])
		snprintf(to, RECORD_WORD, "%s", words[number]);
	else
		snprintf(to, RECORD_WORD, "unknown");
}

/* ---- records --------------------------------------------------------------- */

static int parse_label(struct record_labels *labels, const struct nlattr *nest)
{
	static const struct nla_policy label_policy[VMM_NL_A_LABEL_MAX + 1] = {
		[VMM_NL_A_LABEL_KEY] = ATTRS_TEXT,
		[VMM_NL_A_LABEL_VALUE] = ATTRS_TEXT,
	};
	struct nlattr *a[VMM_NL_A_LABEL_MAX + 1];
	size_t i = labels->count;

	if (attrs_parse(nla_data(nest), (size_t)nla_len(nest), label_policy,
			VMM_NL_A_LABEL_MAX, a))
		return -1;
	if (i == RECORD_LABELS)
		return 0;
	attrs_text(labels->label[i].key, sizeof(labels->label[i].key),
		a[VMM_NL_A_LABEL_KEY]);
	attrs_text(labels->label[i].value, sizeof(labels->label[i].value),
		a[VMM_NL_A_LABEL_VALUE]);
	labels->count++;
	return 0;
}

static int parse_labels(const void *attrs, size_t len,
			struct record_labels *labels)
{
	struct nlattr *a;
	int rest;

	nla_for_each_attr(a, (struct nlattr *)attrs, (int)len, rest)
		if (nla_type(a) == VMM_NL_A_LABEL && parse_label(labels, a))
			return -1;
	return 0;
}

int record_parse_vm(const void *attrs, size_t len, struct record_vm *vm)
{
	static const char *const states[] = {
		[VMM_NL_STATE_NEW] = "new",
		[VMM_NL_STATE_RUNNING] = "running",
		[VMM_NL_STATE_PAUSED] = "paused",
		[VMM_NL_STATE_DEAD] = "dead",
	};
	attrs_t a;

	if (parse(attrs, len, a) || !a[VMM_NL_A_VM_ID])
		return -1;
	memset(vm, 0, sizeof(*vm));
	attrs_text(vm->name, sizeof(vm->name), a[VMM_NL_A_NAME]);
	attrs_text(vm->backend, sizeof(vm->backend), a[VMM_NL_A_BACKEND]);
	word(vm->state, states, ARRAY_SIZE(states),
	     attrs_number(a[VMM_NL_A_STATE], RECORD_NONE));
	vm->id = attrs_number(a[VMM_NL_A_VM_ID], 0);
	vm->owner = attrs_number(a[VMM_NL_A_OWNER], RECORD_NONE);
	vm->vcpus = attrs_number(a[VMM_NL_A_VCPUS], RECORD_NONE);
	vm->max_vcpus = attrs_number(a[VMM_NL_A_MAX_VCPUS], RECORD_NONE);
	vm->memory = attrs_number(a[VMM_NL_A_MEMORY], RECORD_NONE);
	vm->max_memory = attrs_number(a[VMM_NL_A_MAX_MEMORY], RECORD_NONE);
	vm->resident = attrs_number(a[VMM_NL_A_RESIDENT], RECORD_NONE);
	vm->uptime_ns = attrs_number(a[VMM_NL_A_UPTIME_NS], RECORD_NONE);
	vm->paused_ns = attrs_number(a[VMM_NL_A_PAUSED_NS], RECORD_NONE);
	vm->requests = attrs_number(a[VMM_NL_A_REQUESTS], 0);
	vm->seq[CONTROL_LIFE] = attrs_number(a[VMM_NL_A_LIFE_SEQ], 0);
	vm->seq[CONTROL_LIMITS] = attrs_number(a[VMM_NL_A_LIMITS_SEQ], 0);
	vm->seq[CONTROL_FAULTS] = attrs_number(a[VMM_NL_A_FAULTS_SEQ], 0);
	vm->policy.weight = vm->policy.cap = vm->policy.mem_limit = RECORD_NONE;
	return parse_labels(attrs, len, &vm->labels);
}

static void reason_word(char to[RECORD_WORD], const struct nlattr *a)
{
	static const char *const reasons[] = {
		[VMM_RUN_SHUTDOWN] = "shutdown",
		[VMM_RUN_FAIL_ENTRY] = "fail-entry",
		[VMM_RUN_INTERNAL] = "internal",
	};

	to[0] = 0;
	if (a)
		word(to, reasons, ARRAY_SIZE(reasons), attrs_number(a, 0));
}

int record_parse_vcpu(const void *attrs, size_t len, struct record_vcpu *vcpu)
{
	static const char *const states[] = {
		[VMM_MP_RUNNABLE] = "runnable",
		[VMM_MP_HALTED] = "halted",
		[VMM_MP_WAIT_FOR_SIPI] = "wait-for-sipi",
	};
	attrs_t a;

	if (parse(attrs, len, a) || !a[VMM_NL_A_VCPU_ID])
		return -1;
	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->id = attrs_number(a[VMM_NL_A_VCPU_ID], 0);
	vcpu->cpu = attrs_number(a[VMM_NL_A_CPU], RECORD_NONE);
	vcpu->thread = attrs_number(a[VMM_NL_A_TID], RECORD_NONE);
	word(vcpu->state, states, ARRAY_SIZE(states),
	     attrs_number(a[VMM_NL_A_MP_STATE], RECORD_NONE));
	reason_word(vcpu->reason, a[VMM_NL_A_STOP_REASON]);
	if (vcpu->reason[0])
		snprintf(vcpu->state, sizeof(vcpu->state), "stopped");
	attrs_text(vcpu->text, sizeof(vcpu->text), a[VMM_NL_A_STOP_TEXT]);
	return 0;
}

int record_parse_slot(const void *attrs, size_t len, struct record_slot *slot)
{
	attrs_t a;

	if (parse(attrs, len, a) || !a[VMM_NL_A_SLOT_ID])
		return -1;
	memset(slot, 0, sizeof(*slot));
	slot->id = attrs_number(a[VMM_NL_A_SLOT_ID], 0);
	slot->gpa = attrs_number(a[VMM_NL_A_GPA], RECORD_NONE);
	slot->size = attrs_number(a[VMM_NL_A_SIZE], RECORD_NONE);
	slot->offset = attrs_number(a[VMM_NL_A_OFFSET], RECORD_NONE);
	snprintf(slot->access, sizeof(slot->access), "%s",
		 attrs_number(a[VMM_NL_A_SLOT_FLAGS], 0) & VMM_SLOT_READONLY ?
		 "ro" : "rw");
	return 0;
}

static int parse_counter(struct record_stats *stats, const struct nlattr *nest)
{
	static const struct nla_policy stat_policy[VMM_NL_A_STAT_MAX + 1] = {
		[VMM_NL_A_STAT_NAME] = ATTRS_TEXT,
		[VMM_NL_A_STAT_VALUE] = ATTRS_U64,
	};
	struct record_counter *counter = &stats->counter[stats->count];
	struct nlattr *a[VMM_NL_A_STAT_MAX + 1];

	if (attrs_parse(nla_data(nest), (size_t)nla_len(nest), stat_policy,
			VMM_NL_A_STAT_MAX, a) ||
	    !a[VMM_NL_A_STAT_NAME] || !a[VMM_NL_A_STAT_VALUE] ||
	    stats->count == RECORD_COUNTERS)
		return -1;
	attrs_text(counter->name, sizeof(counter->name), a[VMM_NL_A_STAT_NAME]);
	counter->value = attrs_number(a[VMM_NL_A_STAT_VALUE], 0);
	stats->count++;
	return 0;
}

int record_parse_stats(const void *attrs, size_t len,
		       struct record_stats *stats)
{
	struct nlattr *one;
	attrs_t a;
	int rest;

	if (parse(attrs, len, a))
		return -1;
	memset(stats, 0, sizeof(*stats));
	stats->vm = attrs_number(a[VMM_NL_A_VM_ID], RECORD_NONE);
	nla_for_each_attr(one, (struct nlattr *)attrs, (int)len, rest)
		if (nla_type(one) == VMM_NL_A_STAT && parse_counter(stats, one))
			return -1;
	return 0;
}

static enum control_group group_of(uint64_t event)
{
	switch (event) {
	case VMM_NL_EVENT_LIMIT_MEMORY:
	case VMM_NL_EVENT_LIMIT_VCPUS:
		return CONTROL_LIMITS;
	case VMM_NL_EVENT_FAULT:
		return CONTROL_FAULTS;
	default:
		return CONTROL_LIFE;
	}
}

int record_parse_event(const void *attrs, size_t len,
		       struct record_event *event)
{
	static const char *const events[] = {
		[VMM_NL_EVENT_CREATED] = "created",
		[VMM_NL_EVENT_STARTED] = "started",
		[VMM_NL_EVENT_PAUSED] = "paused",
		[VMM_NL_EVENT_RESUMED] = "resumed",
		[VMM_NL_EVENT_STOP] = "stop",
		[VMM_NL_EVENT_RESET] = "reset",
		[VMM_NL_EVENT_KILLED] = "killed",
		[VMM_NL_EVENT_CHANGED] = "changed",
		[VMM_NL_EVENT_GONE] = "gone",
		[VMM_NL_EVENT_LIMIT_MEMORY] = "limit-memory",
		[VMM_NL_EVENT_LIMIT_VCPUS] = "limit-vcpus",
		[VMM_NL_EVENT_FAULT] = "fault",
	};
	uint64_t number;
	attrs_t a;

	if (parse(attrs, len, a) || !a[VMM_NL_A_EVENT] ||
	    !a[VMM_NL_A_VM_ID] || !a[VMM_NL_A_SEQ])
		return -1;
	memset(event, 0, sizeof(*event));
	number = attrs_number(a[VMM_NL_A_EVENT], 0);
	word(event->event, events, ARRAY_SIZE(events), number);
	event->group = group_of(number);
	snprintf(event->group_name, sizeof(event->group_name), "%s",
		 control_group_names[event->group]);
	event->vm = attrs_number(a[VMM_NL_A_VM_ID], 0);
	event->owner = attrs_number(a[VMM_NL_A_OWNER], RECORD_NONE);
	event->seq = attrs_number(a[VMM_NL_A_SEQ], 0);
	event->time_ns = attrs_number(a[VMM_NL_A_TIME_NS], RECORD_NONE);
	event->vcpu = attrs_number(a[VMM_NL_A_VCPU_ID], RECORD_NONE);
	reason_word(event->reason, a[VMM_NL_A_STOP_REASON]);
	return 0;
}

/* ---- asking for one ---------------------------------------------------------- */

static int take_vm(const void *attrs, size_t len, void *arg)
{
	return record_parse_vm(attrs, len, arg);
}

static int take_stats(const void *attrs, size_t len, void *arg)
{
	return record_parse_stats(attrs, len, arg);
}

static int ask_vm(struct control *c, struct nl_msg *request,
		  struct record_vm *vm, struct err *err)
{
	vm->id = 0;
	if (control_ask(c, request, take_vm, vm, err))
		return -1;
	return vm->id ? 0 : err_set(err, VMCTL_MODULE,
				    "netlink: no answer");
}

int records_vm(struct control *c, const char *name, struct record_vm *vm,
	       struct err *err)
{
	struct nl_msg *r = control_request(c, 0, VMM_NL_CMD_VM_GET, err);
	int ret = -1;

	if (r && !control_name(r, name, err))
		ret = ask_vm(c, r, vm, err);
	nlmsg_free(r);
	return ret ? err_wrap(err, "%.64s", name) : 0;
}

/* A request that names a VM; RECORD_NONE: none. */
static struct nl_msg *request_of(struct control *c, int flags, uint8_t cmd,
				 uint64_t id, struct err *err)
{
	struct nl_msg *r = control_request(c, flags, cmd, err);

	if (!r || id == RECORD_NONE ||
	    !nla_put_u32(r, VMM_NL_A_VM_ID, (uint32_t)id))
		return r;
	control_full(err);
	nlmsg_free(r);
	return NULL;
}

int records_vm_by_id(struct control *c, uint64_t id, struct record_vm *vm,
		     struct err *err)
{
	struct nl_msg *r = request_of(c, 0, VMM_NL_CMD_VM_GET, id, err);
	int ret = r ? ask_vm(c, r, vm, err) : -1;

	nlmsg_free(r);
	return ret;
}

int records_stats(struct control *c, uint64_t id, struct record_stats *stats,
		  struct err *err)
{
	struct nl_msg *r = request_of(c, 0, VMM_NL_CMD_STATS_GET, id, err);
	int ret;

	stats->count = 0;
	ret = r ? control_ask(c, r, take_stats, stats, err) : -1;
	nlmsg_free(r);
	return ret;
}

/* ---- asking for many ----------------------------------------------------------- */

/**
 * struct list - records of one kind
 * @size:	of a record, which begins with nothing in particular
 * @parse:	fills one
 */
struct list {
	char *records;
	size_t size, count, room;
	int (*parse)(const void *attrs, size_t len, void *record);
};

static int add(const void *attrs, size_t len, void *arg)
{
	struct list *list = arg;
	size_t room = list->room ? 2 * list->room : 16;
	char *records;

	if (list->count == list->room) {
		records = reallocarray(list->records, room, list->size);
		if (!records)
			return -1;
		list->records = records;
		list->room = room;
	}
	if (list->parse(attrs, len, list->records + list->count * list->size))
		return -1;
	list->count++;
	return 0;
}

/* @id RECORD_NONE: of all VMs. */
static int dump(struct control *c, uint8_t cmd, uint64_t id, struct list *list,
		struct err *err)
{
	struct nl_msg *r;
	int ret, n = 0;

	do {
		list->count = 0;
		r = request_of(c, NLM_F_DUMP, cmd, id, err);
		ret = r ? control_ask(c, r, add, list, err) : -1;
		nlmsg_free(r);
	} while (ret > 0 && ++n < TRIES);
	if (!ret)
		return 0;
	free(list->records);
	if (ret < 0)
		return -1;
	return err_set(err, VMCTL_FAILED,
		       "VMs come and go too fast to be listed; try: again");
}

static int parse_vm(const void *attrs, size_t len, void *record)
{
	return record_parse_vm(attrs, len, record);
}

static int parse_vcpu(const void *attrs, size_t len, void *record)
{
	return record_parse_vcpu(attrs, len, record);
}

static int parse_slot(const void *attrs, size_t len, void *record)
{
	return record_parse_slot(attrs, len, record);
}

static int parse_stats(const void *attrs, size_t len, void *record)
{
	return record_parse_stats(attrs, len, record);
}

int records_vms(struct control *c, struct record_vm **vms, size_t *count,
		struct err *err)
{
	struct list list = { .size = sizeof(**vms), .parse = parse_vm };

	if (dump(c, VMM_NL_CMD_VM_GET, RECORD_NONE, &list, err))
		return -1;
	*vms = (struct record_vm *)list.records;
	*count = list.count;
	return 0;
}

int records_vm_own(struct control *c, const char *name, struct record_vm *vm,
		   struct err *err)
{
	struct record_vm *vms;
	size_t count, i;
	int ret;

	if (records_vms(c, &vms, &count, err))
		return -1;
	for (i = 0; i < count; i++)
		if (!strcmp(vms[i].name, name) && vms[i].owner == geteuid() &&
		    strcmp(vms[i].state, "dead"))
			break;
	ret = i < count ? 0 :
	      err_set(err, VMCTL_NO_VM,
		      "no VM of this name; try: vmctl list");
	if (!ret)
		*vm = vms[i];
	free(vms);
	return ret;
}

int records_all_stats(struct control *c, struct record_stats **stats,
		      size_t *count, struct err *err)
{
	struct list list = { .size = sizeof(**stats), .parse = parse_stats };

	if (dump(c, VMM_NL_CMD_STATS_GET, RECORD_NONE, &list, err))
		return -1;
	*stats = (struct record_stats *)list.records;
	*count = list.count;
	return 0;
}

int records_vcpus(struct control *c, uint64_t id, struct record_vcpu **vcpus,
		  size_t *count, struct err *err)
{
	struct list list = { .size = sizeof(**vcpus), .parse = parse_vcpu };

	if (dump(c, VMM_NL_CMD_VCPU_GET, id, &list, err))
		return -1;
	*vcpus = (struct record_vcpu *)list.records;
	*count = list.count;
	return 0;
}

int records_slots(struct control *c, uint64_t id, struct record_slot **slots,
		  size_t *count, struct err *err)
{
	struct list list = { .size = sizeof(**slots), .parse = parse_slot };

	if (dump(c, VMM_NL_CMD_SLOT_GET, id, &list, err))
		return -1;
	*slots = (struct record_slot *)list.records;
	*count = list.count;
	return 0;
}
