// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/out.h"
#include "lib/records.h"
#include "lib/tell.h"
#include "vm/ask.h"
#include "vm/conf_file.h"
#include "vm/define.h"
#include "vm/epitaph.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"

/**
 * struct whole - all that there is to say of a VM
 * @answered:	its process is in the background, and told of its sandbox
 * @ended:	it does not run, but has, and how that ended
 */
struct whole {
	struct record_vm vm;
	struct record_vcpu *vcpus;
	struct record_slot *slots;
	size_t nr_vcpus, nr_slots;
	bool answered, ended;
	struct verb_sandbox sandbox;
	struct epitaph epitaph;
};

/* One that the kernel does not know may be defined here. */
static int gather_stopped(const char *name, struct whole *w)
{
	struct reach reach;
	struct err err;

	if (reach_find(&reach, name, &err) || reach_defined(&reach, &err) ||
	    runtime_alive(&reach.paths, name, &err) > 0)
		return -1;
	define_record(&w->vm, &reach.paths, name);
	w->ended = epitaph_read(&reach.paths, name, &w->epitaph, &err) > 0;
	return 0;
}

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
	if (records_vm(c, name, &w->vm, err))
		return err->code == VMCTL_NO_VM && !isdigit((unsigned char)*name) ?
		       gather_stopped(name, w) : -1;
	if (records_vcpus(c, w->vm.id, &w->vcpus, &w->nr_vcpus, err) ||
	    records_slots(c, w->vm.id, &w->slots, &w->nr_slots, err)) {
		free(w->vcpus);
		return err_wrap(err, "%.64s", name);
	}
	gather_sandbox(w);
	return 0;
}

/* ---- telling ------------------------------------------------------------------- */

static bool has_part(const struct whole *w, unsigned int part)
{
	return w->sandbox.has & 1U << part;
}

static void json_parts(const struct whole *w, const char *key, bool had)
{
	const char *comma = "";
	unsigned int part;

	printf("\"%s\": [", key);
	for (part = 0; part < SANDBOX_PARTS; part++) {
		if (has_part(w, part) != had)
			continue;
		printf("%s\"%s\"", comma, sandbox_part_name(part));
		comma = ", ";
	}
	putchar(']');
}

static void json_rest(const struct whole *w)
{
	fputs(", \"sandbox\": ", stdout);
	if (w->answered) {
		printf("{\"mode\": \"%s\", ", sandbox_mode_name(w->sandbox.mode));
		json_parts(w, "has", true);
		fputs(", ", stdout);
		json_parts(w, "lacks", false);
		putchar('}');
	} else {
		fputs("null", stdout);
	}
	fputs(", \"ended\": ", stdout);
	if (w->ended)
		out_json_string(w->epitaph.text);
	else
		fputs("null", stdout);
}

static void print_sandbox(const struct whole *w)
{
	const char *between = " without ";
	unsigned int part;

	printf("sandbox     %s", sandbox_mode_name(w->sandbox.mode));
	if (w->sandbox.mode == SANDBOX_OFF) {
		putchar('\n');
		return;
	}
	for (part = 0; part < SANDBOX_PARTS; part++) {
		if (has_part(w, part))
			continue;
		printf("%s%s", between, sandbox_part_name(part));
		between = ", ";
	}
	putchar('\n');
}

static void print(struct whole *w, enum out_format format)
{
	const struct rows vm = {
		"vm", tell_vm, &w->vm, sizeof(w->vm), 1 };
	const struct rows vcpus = {
		"vcpus", tell_vcpu, w->vcpus, sizeof(*w->vcpus), w->nr_vcpus };
	const struct rows slots = {
		"slots", tell_slot, w->slots, sizeof(*w->slots), w->nr_slots };
	const struct rows_view wide = { .format = ROWS_WIDE };

	if (format == OUT_JSON) {
		fputs("{\"schema\": 1, \"vm\": ", stdout);
		rows_object(&vm, 0);
		fputs(", \"vcpus\": ", stdout);
		rows_list(&vcpus);
		fputs(", \"slots\": ", stdout);
		rows_list(&slots);
		json_rest(w);
		puts("}");
		return;
	}
	rows_lines(&vm, 0);
	if (w->answered)
		print_sandbox(w);
	if (w->ended)
		printf("ended       %s\n", w->epitaph.text);
	if (w->vm.id == RECORD_NONE)
		return;
	putchar('\n');
	rows_print(&vcpus, &wide);
	putchar('\n');
	rows_print(&slots, &wide);
}

static int show(const struct command *cmd, const char *name,
		enum out_format format)
{
	struct control c;
	struct whole w;
	struct err err;
	int ret;

	if (control_open(&c, &err))
		return command_fail(cmd, &err);
	ret = gather(&c, name, &w, &err);
	control_close(&c);
	if (ret)
		return command_fail(cmd, &err);
	print(&w, format);
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
	bool definition = false;
	enum out_format format = OUT_TABLE;
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		definition = !strcmp(a.value, "conf");
		if (!definition && out_format_parse(a.value, &format, &err))
			return command_fail(cmd, &err);
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (!definition)
		return show(cmd, operands[0], format);
	return print_definition(operands[0], &err) ? command_fail(cmd, &err) :
						     VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'o', "output", "table|json|conf",
	  "for people; for programs; its definition, see vm.conf(5)" },
	{}
};

const struct command cmd_show = {
	.name = "show",
	.summary = "Tell all of a VM: figures, limits, labels, processors, memory",
	.usage = "[-o table|json|conf] VM",
	.options = options,
	.operands = operand_vm,
	.run = run,
};
