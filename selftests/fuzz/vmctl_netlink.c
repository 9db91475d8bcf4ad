// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of a kernel that has gone wrong: good messages with bytes changed, cut out
 * and cut off. Whatever comes, nothing beyond it is read (the sanitizer sees that), texts
 * have an end, counts are within their arrays.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vmm_netlink.h>

#include "lib/records.h"
#include "lib/tally.h"

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

static void put_pair(struct nl_request *r, uint16_t type, bool number)
{
	size_t nest = nl_nest(r, type);

	nl_put_text(r, number ? VMM_NL_A_STAT_NAME : VMM_NL_A_LABEL_KEY, "key");
	if (number)
		nl_put_u64(r, VMM_NL_A_STAT_VALUE, next());
	else
		nl_put_text(r, VMM_NL_A_LABEL_VALUE, "some value");
	nl_nest_end(r, nest);
}

/* Attributes of all kinds, in any order, more or fewer of each. */
static void fill(struct nl_request *r)
{
	unsigned int n = (unsigned int)below(24);

	nl_begin(r, 0x21, 0, VMM_NL_CMD_VM_GET, 1);
	nl_put_u32(r, VMM_NL_A_VM_ID, (uint32_t)below(4) + 1);
	nl_put_u32(r, VMM_NL_A_VCPU_ID, 0);
	nl_put_u32(r, VMM_NL_A_SLOT_ID, 0);
	nl_put_u32(r, VMM_NL_A_EVENT, (uint32_t)below(16));
	nl_put_u64(r, VMM_NL_A_SEQ, below(8));
	while (n--) {
		switch (below(5)) {
		case 0:
			nl_put_text(r, VMM_NL_A_NAME, "a-name");
			break;
		case 1:
			put_pair(r, VMM_NL_A_LABEL, false);
			break;
		case 2:
			put_pair(r, VMM_NL_A_STAT, true);
			break;
		case 3:
			nl_put_u64(r, VMM_NL_A_MEMORY, next());
			break;
		default:
			nl_put_u32(r, VMM_NL_A_STATE, (uint32_t)below(6));
		}
	}
	nl_finish(r, 1);
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

static const char *look(const uint8_t *p, size_t len)
{
	struct nl_walk w = nl_walk(p, len);
	struct nl_message m;
	struct nl_verdict v;
	const char *what = NULL;

	while (!what && nl_next_message(&w, &m)) {
		m.type = below(8) ? m.type : NLMSG_ERROR;
		if (!nl_verdict(&m, &v)) {
			good[5]++;
			if (!closed(v.text, sizeof(v.text)) || v.error < 0)
				return "a verdict";
		}
		if (m.len < GENL_HDRLEN)
			continue;
		what = look_vm(m.data + GENL_HDRLEN, m.len - GENL_HDRLEN);
		what = what ?: look_parts(m.data + GENL_HDRLEN,
					  m.len - GENL_HDRLEN);
		what = what ?: look_event(m.data + GENL_HDRLEN,
					  m.len - GENL_HDRLEN);
	}
	return what;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1, i;
	static struct nl_request r;
	const char *what;
	uint8_t *copy;
	size_t len;

	state = seed * 0x9e3779b97f4a7c15 | 1;
	for (i = 0; i < count; i++) {
		fill(&r);
		len = spoil(r.buf, r.len);
		copy = malloc(len + !len);	/* its end is the message's */
		memcpy(copy, r.buf, len);
		what = look(copy, len);
		free(copy);
		if (what) {
			printf("message %lu of seed %lu: %s\n", i, seed, what);
			return 1;
		}
	}
	tally_free(&tally);
	printf("%lu messages: %lu VMs, %lu vCPUs, %lu slots, %lu counters, %lu events, %lu verdicts\n",
	       count, good[0], good[1], good[2], good[3], good[4], good[5]);
	for (i = 0; i < 6; i++)
		if (!good[i])
			return 1;
	return 0;
}
