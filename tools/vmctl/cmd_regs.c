// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/out.h"
#include "vm/ask.h"
#include "vm/regs.h"

/* ---- JSON ------------------------------------------------------------------------ */

/** struct member - where a number or a part of the registers is */
struct member {
	const char *key;
	size_t offset;
};

#define REG(name)	{ #name, offsetof(struct verb_regs, regs.name) }
#define SREG(name)	{ #name, offsetof(struct verb_regs, sregs.name) }

static const struct member numbers[] = {
	REG(rax), REG(rcx), REG(rdx), REG(rbx), REG(rsp), REG(rbp), REG(rsi),
	REG(rdi), REG(r8), REG(r9), REG(r10), REG(r11), REG(r12), REG(r13),
	REG(r14), REG(r15), REG(rip), REG(rflags), SREG(cr0), SREG(cr2),
	SREG(cr3), SREG(cr4), SREG(cr8), SREG(efer), SREG(apic_base),
};

static const struct member segments[] = {
	SREG(es), SREG(cs), SREG(ss), SREG(ds), SREG(fs), SREG(gs), SREG(ldtr),
	SREG(tr),
};

static const struct member tables[] = { SREG(gdtr), SREG(idtr) };

static const void *at(const struct verb_regs *r, const struct member *m)
{
	return (const char *)r + m->offset;
}

static void print_json(const struct verb_regs *r, unsigned int vcpu,
		       bool with_schema)
{
	const struct vmm_segment *s;
	const struct vmm_dtable *t;
	uint64_t value;
	unsigned int i;

	printf("{%s\"vcpu\": %u", with_schema ? "\"schema\": 1, " : "", vcpu);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		memcpy(&value, at(r, &numbers[i]), sizeof(value));
		printf(", \"%s\": %" PRIu64, numbers[i].key, value);
	}
	for (i = 0; i < ARRAY_SIZE(segments); i++) {
		s = at(r, &segments[i]);
		printf(", \"%s\": {\"selector\": %u, \"base\": %" PRIu64
		       ", \"limit\": %u, \"attr\": %u}", segments[i].key,
		       s->selector, (uint64_t)s->base, s->limit, s->attr);
	}
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		t = at(r, &tables[i]);
		printf(", \"%s\": {\"base\": %" PRIu64 ", \"limit\": %u}",
		       tables[i].key, (uint64_t)t->base, t->limit);
	}
	putchar('}');
}

/* ---- as fields ---------------------------------------------------------------------- */

#define NR_FIELDS	(1 + ARRAY_SIZE(numbers) + 4 * ARRAY_SIZE(segments) + \
			 2 * ARRAY_SIZE(tables))

/** struct flat - a vCPU's registers, in the order of fields[] */
struct flat {
	uint64_t value[NR_FIELDS];
};

static struct rows_field fields[NR_FIELDS + 1];
static char keys[NR_FIELDS][24];

static void name_field(unsigned int n, const char *reg, const char *part)
{
	snprintf(keys[n], sizeof(keys[n]), "%s%s%s", reg, *part ? "." : "",
		 part);
	fields[n] = (struct rows_field){
		.key = keys[n], .head = keys[n],
		.kind = strcmp(reg, "vcpu") ? ROWS_HEX : ROWS_NUMBER,
		.offset = offsetof(struct flat, value) + n * sizeof(uint64_t),
	};
}

/* Keys are those of JSON, with a dot between. */
static void name_fields(void)
{
	unsigned int n = 0, i;

	name_field(n++, "vcpu", "");
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		name_field(n++, numbers[i].key, "");
	for (i = 0; i < ARRAY_SIZE(segments); i++) {
		name_field(n++, segments[i].key, "selector");
		name_field(n++, segments[i].key, "base");
		name_field(n++, segments[i].key, "limit");
		name_field(n++, segments[i].key, "attr");
	}
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		name_field(n++, tables[i].key, "base");
		name_field(n++, tables[i].key, "limit");
	}
}

static struct flat flatten(const struct verb_regs *r, unsigned int vcpu)
{
	const struct vmm_segment *s;
	const struct vmm_dtable *t;
	struct flat f;
	unsigned int n = 0, i;

	f.value[n++] = vcpu;
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		memcpy(&f.value[n++], at(r, &numbers[i]), sizeof(uint64_t));
	for (i = 0; i < ARRAY_SIZE(segments); i++) {
		s = at(r, &segments[i]);
		f.value[n++] = s->selector;
		f.value[n++] = s->base;
		f.value[n++] = s->limit;
		f.value[n++] = s->attr;
	}
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		t = at(r, &tables[i]);
		f.value[n++] = t->base;
		f.value[n++] = t->limit;
	}
	return f;
}

static int print_fields(const struct verb_regs *r, unsigned int count,
			unsigned int first, const struct rows_view *view,
			struct err *err)
{
	struct flat *flat = calloc(count, sizeof(*flat));
	const struct rows rows = { "regs", fields, flat, sizeof(*flat), count };
	unsigned int i;

	if (!flat)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (i = 0; i < count; i++)
		flat[i] = flatten(&r[i], first + i);
	rows_print(&rows, view);
	free(flat);
	return 0;
}

/* ---- all forms ------------------------------------------------------------------------ */

static void print_text(const struct verb_regs *r, unsigned int count,
		       unsigned int first)
{
	char text[1536];
	unsigned int i;

	for (i = 0; i < count; i++) {
		regs_text(text, sizeof(text), &r[i].regs, &r[i].sregs);
		printf("%svCPU %u\n%s", i ? "\n" : "", first + i, text);
	}
}

static void print_objects(const struct verb_regs *r, unsigned int count,
			  unsigned int first, bool lines)
{
	unsigned int i;

	if (!lines)
		fputs("{\"schema\": 1, \"regs\": [", stdout);
	for (i = 0; i < count; i++) {
		if (!lines && i)
			fputs(", ", stdout);
		print_json(&r[i], first + i, lines);
		if (lines)
			putchar('\n');
	}
	if (!lines)
		puts("]}");
}

/** struct request - @vcpu: UINT64_MAX: all of them */
struct request {
	const char *vm;
	uint64_t vcpu;
	struct rows_view view;
};

static int print(const struct request *q, const struct verb_regs *r,
		 unsigned int count, unsigned int first, struct err *err)
{
	enum rows_format format = q->view.format;

	if (q->view.fields || format == ROWS_CSV)
		return print_fields(r, count, first, &q->view, err);
	if (format == ROWS_JSON || format == ROWS_JSONL)
		print_objects(r, count, first, format == ROWS_JSONL);
	else
		print_text(r, count, first);
	return 0;
}

static int ask(const struct request *q, int fd, struct err *err)
{
	struct verb_regs one, *all;
	unsigned int count;
	int ret;

	if (q->vcpu != UINT64_MAX) {
		if (ask_regs(fd, (unsigned int)q->vcpu, &one, err))
			return -1;
		return print(q, &one, 1, (unsigned int)q->vcpu, err);
	}
	if (ask_all_regs(fd, &all, &count, err))
		return -1;
	ret = print(q, all, count, 0, err);
	free(all);
	return ret;
}

static int regs(const struct request *q, struct err *err)
{
	struct reach reach;
	int fd, ret;

	if (reach_find(&reach, q->vm, err))
		return -1;
	fd = ask_open(&reach, err);
	if (fd < 0)
		return -1;
	ret = ask(q, fd, err);
	close(fd);
	return ret ? err_wrap(err, "%s", reach.name) : 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct request q = { .vcpu = UINT64_MAX };
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (id == 'c' && args_number(&a, "-c", 0, UINT32_MAX, &q.vcpu))
			return VMCTL_USAGE;
		if (args_view(&a, id, &q.view, &err) < 0)
			return command_fail(cmd, &err);
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	q.vm = operands[0];
	name_fields();
	if (rows_check(fields, &q.view, &err))
		return command_fail(cmd, &err);
	return regs(&q, &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'c', "vcpu", "VCPU", "this processor alone" },
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

const struct command cmd_regs = {
	.name = "regs",
	.summary = "Print the registers of a VM in the background",
	.usage = "[-c VCPU] [-o FORMAT] [--fields KEY,...] [--no-header] VM",
	.options = options,
	.operands = operand_vm,
	.help =
"The VM runs on, so that each processor is seen in a moment of its own; pause it\n"
"first to see all in one.  Fields are called as in json, with a dot: rip, cs.base.\n",
	.run = run,
};
