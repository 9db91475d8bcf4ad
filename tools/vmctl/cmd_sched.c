// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/tell.h"
#include "vm/govern.h"
#include "vm/keeper.h"

/* ---- words ------------------------------------------------------------------------ */

static int take_word(const struct command *cmd, struct sched *s,
		     const char *word)
{
	size_t len = strcspn(word, "=");
	struct err err;
	char name[16];
	int i;

	if (!word[len])
		return command_usage(cmd, "%s: not KEY=VALUE", word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	i = sched_word(name);
	if (i < 0)
		return command_usage(cmd, "%s: the keys are weight, prio, cap, pin and mem-limit",
				     word);
	if (sched_wants(s, (enum sched_word)i))
		return command_usage(cmd, "%s: told twice", word);
	if (sched_parse(s, (enum sched_word)i, word + len + 1, &err))
		return command_usage(cmd, "%s: %s", word, err.text);
	return 0;
}

static int take_words(const struct command *cmd, struct sched *s, char **words)
{
	struct err err;
	int code = 0;

	for (; !code && *words; words++)
		code = take_word(cmd, s, *words);
	/* how many processors the VM has is not known here */
	if (!code && sched_check(s, UINT32_MAX / SCHED_FULL_CPU, &err))
		return command_usage(cmd, "%s", err.text);
	return code;
}

/* ---- the change, or the look ------------------------------------------------------- */

/** struct request - @change: nothing in it: it is looked at */
struct request {
	const char *name;
	struct sched change;
	struct rows_view view;
};

static int ask(struct control *c, const struct request *q, struct err *err)
{
	static struct record_vm vm;
	const struct rows rows = { "sched", tell_policy, &vm, sizeof(vm), 1 };
	struct keeper k;
	int ret;

	ret = keeper_vm(&k, c, q->name, &vm, err);
	keeper_forget(&k);
	if (ret)
		return -1;
	if (q->change.told)
		return govern_change(c, &vm, &q->change, err) ?
		       err_wrap(err, "%.64s", q->name) : 0;
	govern_read(c, &vm);
	rows_print_one(&rows, &q->view);
	return 0;
}

static int carry_out(const struct command *cmd, const struct request *q)
{
	struct control c;
	struct err err;
	int ret;

	if (control_open(&c, &err))
		return command_fail(cmd, &err);
	ret = ask(&c, q, &err);
	control_close(&c);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct request q = {};
	struct args a;
	struct err err;
	char **words;
	int id, code;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_view(&a, id, &q.view, &err) < 0)
			return command_fail(cmd, &err);
	}
	words = args_operands(&a, 1, argc);
	if (!words)
		return VMCTL_USAGE;
	q.name = words[0];
	if (rows_check(tell_policy, &q.view, &err))
		return command_fail(cmd, &err);
	code = take_words(cmd, &q.change, words + 1);
	return code ? code : carry_out(cmd, &q);
}

static const struct cmd_option options[] = {
	ARGS_ONE_OPTIONS(ARGS_FORMATS),
	ARGS_QUIET_OPTION,
	{}
};

static const char *const operands[] = {
	"VM", "weight=|prio=|cap=|pin=|mem-limit=...", NULL
};

const struct command cmd_sched = {
	.name = "sched",
	.summary = "Tell or change what share of the host a VM gets",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header] [-q] VM [KEY=VALUE...]",
	.help = "  weight=N        against others that want the same CPU, 1 to 10000; all begin with 100\n"
		"  prio=NICE       the same as a nice value, -20 to 19\n"
		"  cap=PERCENT     CPU time at most, in percent of one CPU: 250 is two and a half\n"
		"  pin=CPUS        the CPUs that it runs on, like 0-3,8\n"
		"  mem-limit=SIZE  memory of the host at most, with all that its process needs\n"
		"\n"
		"Without keys: what is in force.  With them: all that is told, at once, or nothing;\n"
		"\"none\" takes a value away.  The VM's definition stays as it is.\n",
	.options = options,
	.operands = operands,
	.fields = tell_policy,
	.run = run,
};
