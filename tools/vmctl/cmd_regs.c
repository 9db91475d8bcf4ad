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

static void print_json(const struct verb_regs *r, unsigned int vcpu)
{
	const struct vmm_segment *s;
	const struct vmm_dtable *t;
	uint64_t value;
	unsigned int i;

	printf("{\"vcpu\": %u", vcpu);
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

/* ---- both forms ------------------------------------------------------------------- */

static void print(const struct verb_regs *r, unsigned int count,
		  unsigned int first, enum out_format format)
{
	char text[1536];
	unsigned int i;

	if (format == OUT_JSON)
		fputs("{\"schema\": 1, \"regs\": [", stdout);
	for (i = 0; i < count; i++) {
		if (format == OUT_JSON) {
			fputs(i ? ", " : "", stdout);
			print_json(&r[i], first + i);
			continue;
		}
		regs_text(text, sizeof(text), &r[i].regs, &r[i].sregs);
		printf("%svCPU %u\n%s", i ? "\n" : "", first + i, text);
	}
	if (format == OUT_JSON)
		puts("]}");
}

/** struct request - @vcpu: UINT64_MAX: all of them */
struct request {
	const char *vm;
	uint64_t vcpu;
	enum out_format format;
};

static int ask(const struct request *q, int fd, struct err *err)
{
	struct verb_regs one, *all;
	unsigned int count;

	if (q->vcpu != UINT64_MAX) {
		if (ask_regs(fd, (unsigned int)q->vcpu, &one, err))
			return -1;
		print(&one, 1, (unsigned int)q->vcpu, q->format);
		return 0;
	}
	if (ask_all_regs(fd, &all, &count, err))
		return -1;
	print(all, count, 0, q->format);
	free(all);
	return 0;
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
	struct request q = { .vcpu = UINT64_MAX, .format = OUT_TABLE };
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
		if (id == 'o' && out_format_parse(a.value, &q.format, &err))
			return command_fail(cmd, &err);
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	q.vm = operands[0];
	return regs(&q, &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'c', "vcpu", "VCPU", "this processor alone" },
	{ 'o', "output", "table|json", "how to print them; json has integers" },
	{}
};

const struct command cmd_regs = {
	.name = "regs",
	.summary = "Print the registers of a VM in the background",
	.usage = "[-c VCPU] [-o table|json] VM",
	.options = options,
	.operands = operand_vm,
	.help =
"The VM runs on, so that each processor is seen in a moment of its own; pause it\n"
"first to see all in one.\n",
	.run = run,
};
