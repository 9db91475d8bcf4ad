// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of a kernel that has gone wrong: good messages with bytes changed, cut out
 * and cut off. Whatever comes, nothing beyond it is read (the sanitizer sees that of our code,
 * a page that is not there of libnl's), texts have an end, counts are within their arrays.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/vmm_netlink.h>

#include "lib/records.h"
#include "lib/tally.h"
#include "lib/verdict.h"

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t n)
{
	return (next() >> 11) % n;
}

/* ---- good messages ------------------------------------------------------------- */

static void put_pair(struct nl_msg *m, int type, bool number)
{
	struct nlattr *nest = nla_nest_start(m, type);

	nla_put_string(m, number ? VMM_NL_A_STAT_NAME : VMM_NL_A_LABEL_KEY,
		       "key");
	if (number)
		nla_put_u64(m, VMM_NL_A_STAT_VALUE, next());
	else
		nla_put_string(m, VMM_NL_A_LABEL_VALUE, "some value");
	nla_nest_end(m, nest);
}

/* Attributes of all kinds, in any order, more or fewer of each. */
static struct nl_msg *fill(void)
{
	struct nl_msg *m = nlmsg_alloc();
	unsigned int n = (unsigned int)below(24);

	genlmsg_put(m, 0, 1, 0x21, 0, 0, VMM_NL_CMD_VM_GET, 1);
	nla_put_u32(m, VMM_NL_A_VM_ID, (uint32_t)below(4) + 1);
	nla_put_u32(m, VMM_NL_A_VCPU_ID, 0);
	nla_put_u32(m, VMM_NL_A_SLOT_ID, 0);
	nla_put_u32(m, VMM_NL_A_EVENT, (uint32_t)below(16));
	nla_put_u64(m, VMM_NL_A_SEQ, below(8));
	while (n--) {
		switch (below(5)) {
		case 0:
			nla_put_string(m, VMM_NL_A_NAME, "a-name");
			break;
		case 1:
			put_pair(m, VMM_NL_A_LABEL, false);
			break;
		case 2:
			put_pair(m, VMM_NL_A_STAT, true);
			break;
		case 3:
			nla_put_u64(m, VMM_NL_A_MEMORY, next());
			break;
		default:
			nla_put_u32(m, VMM_NL_A_STATE, (uint32_t)below(6));
		}
	}
	return m;
}

/* ---- spoiled ---------------------------------------------------------------------- */

static size_t spoil(uint8_t *p, size_t len)
{
	unsigned int n = (unsigned int)below(6);
	size_t at;

	while (n-- && len > 8) {
		at = below(len);
		switch (below(3)) {
		case 0:
			p[at] = (uint8_t)next();
			break;
		case 1:
			p[at] ^= (uint8_t)(1U << below(8));
			break;
		default:
			memmove(p + at, p + at + 1, len - at - 1);
			len--;
		}
	}
	return below(8) ? len : below(len + 1);
}

static bool closed(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

/* ---- looked at --------------------------------------------------------------------- */

static unsigned long good[6];
static struct tally tally;

static const char *look_vm(const uint8_t *p, size_t len)
{
	static struct record_vm vm;
	size_t i;

	if (record_parse_vm(p, len, &vm))
		return NULL;
	good[0]++;
	if (!closed(vm.name, sizeof(vm.name)) ||
	    !closed(vm.state, sizeof(vm.state)) ||
	    vm.labels.count > RECORD_LABELS)
		return "a VM";
	for (i = 0; i < vm.labels.count; i++)
		if (!closed(vm.labels.label[i].key, 64) ||
		    !closed(vm.labels.label[i].value, 192))
			return "a label";
	return NULL;
}

static const char *look_parts(const uint8_t *p, size_t len)
{
	static struct record_stats stats;
	struct record_vcpu vcpu;
	struct record_slot slot;
	size_t i;

	if (!record_parse_vcpu(p, len, &vcpu)) {
		good[1]++;
		if (!closed(vcpu.text, sizeof(vcpu.text)))
			return "a vCPU";
	}
	good[2] += !record_parse_slot(p, len, &slot);
	if (record_parse_stats(p, len, &stats))
		return NULL;
	good[3]++;
	if (stats.count > RECORD_COUNTERS)
		return "counters";
	for (i = 0; i < stats.count; i++)
		if (!closed(stats.counter[i].name, 32))
			return "a counter";
	return NULL;
}

static const char *look_event(const uint8_t *p, size_t len)
{
	struct record_event event;

	if (record_parse_event(p, len, &event))
		return NULL;
	good[4]++;
	if (event.group >= CONTROL_NR_GROUPS ||
	    !closed(event.event, sizeof(event.event)))
		return "an event";
	if (tally_event(&tally, &event))
		return "memory";
	if (tally.count > 1000)
		tally_free(&tally);
	return NULL;
}

/* As the end of an answer to @request, if it were one. */
static const char *look_verdict(struct nlmsghdr *m, struct nlmsghdr *request)
{
	uint16_t type = m->nlmsg_type;
	struct verdict v;
	int bad;

	m->nlmsg_type = below(2) ? NLMSG_ERROR : NLMSG_DONE;
	bad = verdict_parse(m, &v);
	m->nlmsg_type = type;
	if (bad)
		return NULL;
	good[5]++;
	if (!closed(v.text, sizeof(v.text)) || v.error < 0)
		return "a verdict";
	verdict_blames(&v, request);
	return NULL;
}

static const char *look(void *p, size_t len, struct nlmsghdr *request)
{
	struct nlmsghdr *m = p;
	const char *what = NULL;
	struct genlmsghdr *genl;
	const uint8_t *attrs;
	size_t attrs_len;
	int rest;

	for (rest = (int)len; !what && nlmsg_ok(m, rest);
	     m = nlmsg_next(m, &rest)) {
		what = look_verdict(m, request);
		if (what || !genlmsg_valid_hdr(m, 0))
			continue;
		genl = genlmsg_hdr(m);
		attrs = (void *)genlmsg_attrdata(genl, 0);
		attrs_len = (size_t)genlmsg_attrlen(genl, 0);
		what = look_vm(attrs, attrs_len);
		what = what ?: look_parts(attrs, attrs_len);
		what = what ?: look_event(attrs, attrs_len);
	}
	return what;
}

/* ---- where it lies --------------------------------------------------------------- */

#define ROOM	8192

/* ROOM bytes, and nothing after them. */
static uint8_t *map_room(void)
{
	uint8_t *room = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || mprotect(room + ROOM, 4096, PROT_NONE))
		exit(1);
	return room;
}

/* @len bytes at the end of @room, but for what aligns the first. */
static const char *look_at_end(uint8_t *room, const void *data, size_t len,
			       struct nlmsghdr *request)
{
	size_t all = NLMSG_ALIGN(len);
	uint8_t *p = room + ROOM - all;
	const char *what;

	memcpy(p, data, len);
	ASAN_POISON_MEMORY_REGION(p + len, all - len);
	what = look(p, len, request);
	ASAN_UNPOISON_MEMORY_REGION(room, ROOM);
	return what;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1, i;
	static uint8_t spoiled[ROOM];
	uint8_t *room = map_room();
	const char *what = NULL;
	struct nlmsghdr *h;
	struct nl_msg *m;
	size_t len;

	state = seed * 0x9e3779b97f4a7c15 | 1;
	for (i = 0; !what && i < count; i++) {
		m = fill();
		h = nlmsg_hdr(m);
		memcpy(spoiled, h, h->nlmsg_len);
		len = spoil(spoiled, h->nlmsg_len);
		what = look_at_end(room, spoiled, len, h);
		nlmsg_free(m);
		if (what)
			printf("message %lu of seed %lu: %s\n", i, seed, what);
	}
	tally_free(&tally);
	if (what)
		return 1;
	printf("%lu messages: %lu VMs, %lu vCPUs, %lu slots, %lu counters, %lu events, %lu verdicts\n",
	       count, good[0], good[1], good[2], good[3], good[4], good[5]);
	for (i = 0; i < 6; i++)
		if (!good[i])
			return 1;
	return 0;
}
