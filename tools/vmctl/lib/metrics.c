// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/container.h"
#include "lib/metrics.h"

#define EXIT	"exit_"

static void family(const char *name, const char *type, const char *unit,
		   const char *help)
{
	printf("# TYPE %s %s\n", name, type);
	if (unit)
		printf("# UNIT %s %s\n", name, unit);
	printf("# HELP %s %s\n", name, help);
}

static void label_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if (*text == '\n')
			fputs("\\n", stdout);
		else
			putchar(*text);
	}
	putchar('"');
}

static const char *name_of(const struct metrics *m, uint64_t id)
{
	size_t i;

	for (i = 0; i < m->nr_vms; i++)
		if (m->vms[i].id == id)
			return m->vms[i].name;
	return "";
}

static void vm_labels(const struct metrics *m, uint64_t id)
{
	printf("vm=\"%" PRIu64 "\",name=", id);
	label_text(name_of(m, id));
}

/* ---- counters ------------------------------------------------------------------- */

static const struct record_counter *find(const struct record_stats *s,
					 const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (!strcmp(s->counter[i].name, name))
			return &s->counter[i];
	return NULL;
}

static void vm_counter(const struct metrics *m, const char *name)
{
	const struct record_counter *c;
	char full[64];
	size_t i;

	snprintf(full, sizeof(full), "vmm_vm_%s", name);
	family(full, "counter", NULL, "The same, of one VM.");
	for (i = 0; i < m->nr_stats; i++) {
		c = find(&m->stats[i], name);
		if (!c)
			continue;
		printf("%s_total{", full);
		vm_labels(m, m->stats[i].vm);
		printf("} %" PRIu64 "\n", c->value);
	}
}

static void counter(const struct metrics *m, const char *name)
{
	const struct record_counter *c = m->total ? find(m->total, name) : NULL;
	char full[64];

	if (c) {
		snprintf(full, sizeof(full), "vmm_%s", name);
		family(full, "counter", NULL,
		       "Of all VMs since the module was loaded.");
		printf("%s_total %" PRIu64 "\n", full, c->value);
	}
	vm_counter(m, name);
}

static void reasons(const struct record_stats *s, const char *family_name,
		    const struct metrics *m)
{
	const struct record_counter *c;
	size_t i;

	for (i = 0; i < s->count; i++) {
		c = &s->counter[i];
		if (strncmp(c->name, EXIT, strlen(EXIT)))
			continue;
		printf("%s_total{", family_name);
		if (s->vm != RECORD_NONE) {
			vm_labels(m, s->vm);
			putchar(',');
		}
		printf("reason=\"%s\"} %" PRIu64 "\n", c->name + strlen(EXIT),
		       c->value);
	}
}

static void counters(const struct metrics *m)
{
	const struct record_stats *all = m->total ? m->total : m->stats;
	size_t i;

	if (!m->total && !m->nr_stats)
		return;
	for (i = 0; i < all->count; i++)
		if (strncmp(all->counter[i].name, EXIT, strlen(EXIT)))
			counter(m, all->counter[i].name);
	if (m->total) {
		family("vmm_exits_by_reason", "counter", NULL,
		       "Exits from guests, by reason; they sum up to vmm_exits.");
		reasons(m->total, "vmm_exits_by_reason", m);
	}
	family("vmm_vm_exits_by_reason", "counter", NULL,
	       "The same, of one VM.");
	for (i = 0; i < m->nr_stats; i++)
		reasons(&m->stats[i], "vmm_vm_exits_by_reason", m);
}

/* ---- figures ---------------------------------------------------------------------- */

static void gauge(const struct metrics *m, const char *name, const char *unit,
		  const char *help, size_t offset)
{
	uint64_t value;
	size_t i;

	family(name, "gauge", unit, help);
	for (i = 0; i < m->nr_vms; i++) {
		memcpy(&value, (const char *)&m->vms[i] + offset,
		       sizeof(value));
		if (value == RECORD_NONE)
			continue;
		printf("%s{", name);
		vm_labels(m, m->vms[i].id);
		printf("} %" PRIu64 "\n", value);
	}
}

static void times(const struct metrics *m, const char *name, const char *help,
		  size_t offset)
{
	uint64_t ns;
	size_t i;

	family(name, "gauge", "seconds", help);
	for (i = 0; i < m->nr_vms; i++) {
		memcpy(&ns, (const char *)&m->vms[i] + offset, sizeof(ns));
		if (ns == RECORD_NONE)
			continue;
		printf("%s{", name);
		vm_labels(m, m->vms[i].id);
		printf("} %" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000,
		       ns % 1000000000);
	}
}

static void states(const struct metrics *m)
{
	static const char *const names[] = {
		"new", "running", "paused", "dead"
	};
	size_t i, s;

	family("vmm_vm_state", "stateset", NULL, "What the VM is doing.");
	for (i = 0; i < m->nr_vms; i++) {
		for (s = 0; s < ARRAY_SIZE(names); s++) {
			fputs("vmm_vm_state{", stdout);
			vm_labels(m, m->vms[i].id);
			printf(",vmm_vm_state=\"%s\"} %d\n", names[s],
			       !strcmp(m->vms[i].state, names[s]));
		}
	}
}

void metrics_print(const struct metrics *m)
{
	states(m);
	gauge(m, "vmm_vm_vcpus", NULL, "Processors of the VM.",
	      offsetof(struct record_vm, vcpus));
	gauge(m, "vmm_vm_memory_bytes", "bytes", "Memory that the VM has.",
	      offsetof(struct record_vm, memory));
	gauge(m, "vmm_vm_resident_bytes", "bytes",
	      "Memory of the host that it takes.",
	      offsetof(struct record_vm, resident));
	times(m, "vmm_vm_uptime_seconds", "Since the VM was made.",
	      offsetof(struct record_vm, uptime_ns));
	times(m, "vmm_vm_paused_seconds", "Of that time, paused.",
	      offsetof(struct record_vm, paused_ns));
	counters(m);
	puts("# EOF");
}
