// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/records.h"
#include "lib/tell.h"
#include "vm/ask.h"
#include "vm/conf_file.h"
#include "vm/define.h"
#include "vm/govern.h"
#include "vm/reach.h"
#include "vm/sandbox.h"

/**
 * struct whole - all that there is to say of a VM
 * @answered:	its process is in the background, and told of its @sandbox
 */
struct whole {
	struct record_vm vm;
	struct record_vcpu *vcpus;
	struct record_slot *slots;
	size_t nr_vcpus, nr_slots;
	bool answered;
	struct verb_sandbox sandbox;
};

/* Who runs in the foreground, or is another's, does not answer. */
static void gather_sandbox(struct whole *w)
{
	struct reach reach;
	struct err err;
	int fd;

	if (w->vm.owner != geteuid() || !*w->vm.name ||
	    reach_find(&reach, w->vm.name, &err))
		return;
	fd = ask_open(&reach, &err);
	if (fd < 0)
		return;
	w->answered = !ask_sandbox(fd, &w->sandbox, &err);
	close(fd);
}

static int gather(struct control *c, const char *name, struct whole *w,
		  struct err *err)
{
	memset(w, 0, sizeof(*w));
	if (reach_vm(c, name, &w->vm, err))
		return -1;
	govern_read(c, &w->vm);
	if (records_vcpus(c, w->vm.id, &w->vcpus, &w->nr_vcpus, err) ||
	    records_slots(c, w->vm.id, &w->slots, &w->nr_slots, err)) {
		free(w->vcpus);
		return err_wrap(err, "%.64s", name);
	}
	gather_sandbox(w);
	return 0;
}

/* ---- the sandbox ------------------------------------------------------------------ */

static void print_parts(const struct verb_sandbox *s, bool had, const char *before,
			const char *between, const char *quote)
{
	unsigned int part;

	for (part = 0; part < SANDBOX_PARTS; part++) {
		if (!!(s->has & 1U << part) != had)
			continue;
		printf("%s%s%s%s", before, quote, sandbox_part_name(part), quote);
		before = between;
	}
}

static void json_sandbox(const struct whole *w)
{
	if (!w->answered) {
		fputs("null", stdout);
		return;
	}
	printf("{\"mode\": \"%s\", \"has\": [",
	       sandbox_mode_name(w->sandbox.mode));
	print_parts(&w->sandbox, true, "", ", ", "\"");
	fputs("], \"lacks\": [", stdout);
	print_parts(&w->sandbox, false, "", ", ", "\"");
	fputs("]}", stdout);
}

static void print_sandbox(const struct whole *w)
{
	if (!w->answered)
		return;
	printf("\nsandbox %s", sandbox_mode_name(w->sandbox.mode));
	if (w->sandbox.mode != SANDBOX_OFF)
		print_parts(&w->sandbox, false, " without ", ", ", "");
	putchar('\n');
}

/* ---- all of it ---------------------------------------------------------------------- */

/* All of it is for two forms; others have the VM's own fields. */
static bool has_all(const struct rows_view *view)
{
	return !view->fields && (view->format == ROWS_TABLE ||
				 view->format == ROWS_WIDE ||
				 view->format == ROWS_JSON);
}

static void print_all(struct whole *w, const struct rows *vm,
		      enum rows_format format)
{
	const struct rows vcpus = {
		"vcpus", tell_vcpu, w->vcpus, sizeof(*w->vcpus), w->nr_vcpus };
	const struct rows slots = {
		"slots", tell_slot, w->slots, sizeof(*w->slots), w->nr_slots };
	const struct rows_view wide = { .format = ROWS_WIDE };

	if (format == ROWS_JSON) {
		fputs("{\"schema\": 1, \"vm\": ", stdout);
		rows_object(vm, 0);
		fputs(", \"vcpus\": ", stdout);
		rows_list(&vcpus);
		fputs(", \"slots\": ", stdout);
		rows_list(&slots);
		fputs(", \"sandbox\": ", stdout);
		json_sandbox(w);
		puts("}");
		return;
	}
	rows_print_one(vm, &wide);
	putchar('\n');
	rows_print(&vcpus, &wide);
	putchar('\n');
	rows_print(&slots, &wide);
	print_sandbox(w);
}

static int show(const struct command *cmd, const char *name,
		const struct rows_view *view)
{
	struct control c;
	struct whole w;
	const struct rows vm = { "vm", tell_vm, &w.vm, sizeof(w.vm), 1 };
	struct err err;
	int ret;

	if (rows_check(tell_vm, view, &err) || control_open(&c, &err))
		return command_fail(cmd, &err);
	ret = gather(&c, name, &w, &err);
	control_close(&c);
	if (ret)
		return command_fail(cmd, &err);
	if (has_all(view))
		print_all(&w, &vm, view->format);
	else
		rows_print_one(&vm, view);
	free(w.vcpus);
	free(w.slots);
	return VMCTL_OK;
}

static int print_definition(const char *name, struct err *err)
{
	struct paths paths;
	struct conf conf;
	char *text = NULL;
	int ret;

	conf_init(&conf);
	ret = paths_find(&paths, err) || define_read(&paths, name, &conf, err);
	if (!ret) {
		text = conf_print(&conf);
		if (text)
			fputs(text, stdout);
		else
			ret = err_set(err, VMCTL_FAILED, "out of memory");
	}
	free(text);
	conf_free(&conf);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	bool definition = false;
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (id == 'o' && !strcmp(a.value, "conf"))
			definition = true;
		else if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (!definition)
		return show(cmd, operands[0], &view);
	return print_definition(operands[0], &err) ? command_fail(cmd, &err) :
						     VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_ONE_OPTIONS(ARGS_FORMATS "|conf"),
	ARGS_QUIET_OPTION,
	{}
};

const struct command cmd_show = {
	.name = "show",
	.summary = "Tell all of a VM: figures, limits, labels, processors, memory",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header] [-q] VM",
	.help =
"Processors and memory are told in table and json, unless there are --fields, and of\n"
"your VMs in the background what their process has given up.\n"
"-o conf is its definition, vm.conf(5), whether or not it runs.\n",
	.options = options,
	.operands = operand_vm,
	.fields = tell_vm,
	.run = run,
};
