// SPDX-License-Identifier: GPL-2.0
/*
 * events: what happens to VMs, as it happens, and what of it was lost.
 *
 * One connection hears, another asks.  First listen, then list: whatever comes
 * after the list's numbers must be heard, and tally.h finds what was not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/note.h"
#include "lib/tally.h"
#include "lib/tell.h"
#include "lib/watch.h"
#include "vm/reach.h"

/**
 * struct listener - this command at work
 * @only:	a VM's name or id; NULL: all
 * @only_id:	its id; RECORD_NONE: all
 * @left:	events to be told before the end
 * @groups:	one bit each
 */
struct listener {
	const struct command *cmd;
	struct rows_view view;
	const char *only;
	uint64_t only_id;
	uint64_t left;
	unsigned int groups;
	struct control ask, hear;
	struct tally tally;
};

/* ---- telling -------------------------------------------------------------------- */

static void print(struct listener *l, const struct record_event *event)
{
	struct record_event copy = *event;
	const struct rows rows = {
		"events", tell_event, &copy, sizeof(copy), 1 };

	if (!l->left || !(l->groups >> event->group & 1))
		return;
	if (l->only_id != RECORD_NONE && event->vm != l->only_id)
		return;
	if (event->lost)
		note("%s: VM %" PRIu64 "%s%s: %" PRIu64 " of group %s lost",
		     l->cmd->name, event->vm, *event->name ? " " : "",
		     event->name, event->lost, event->group_name);
	rows_print(&rows, &l->view);
	l->view.no_header = true;
	l->left--;
}

static void print_loss(const struct record_event *loss, void *arg)
{
	print(arg, loss);
}

/* A VM is called what it was called when the event was read. */
static void learn_name(struct listener *l, struct record_event *event)
{
	struct record_vm vm;
	struct tally_vm *known;
	struct err err;

	if (strcmp(event->event, "created") && strcmp(event->event, "changed"))
		return;
	if (records_vm_by_id(&l->ask, event->vm, &vm, &err))
		return;		/* gone already, or not for us to know */
	memcpy(event->name, vm.name, sizeof(event->name));
	known = tally_find(&l->tally, event->vm);
	if (known)
		memcpy(known->name, vm.name, sizeof(known->name));
}

static int take(struct record_event *event, void *arg, struct err *err)
{
	struct listener *l = arg;

	if (tally_event(&l->tally, event))
		return err_set(err, VMCTL_FAILED, "out of memory");
	learn_name(l, event);
	print(l, event);
	return 0;
}

/* ---- listening -------------------------------------------------------------------- */

static int list(struct listener *l, struct record_vm **vms, size_t *count,
		struct err *err)
{
	return records_vms(&l->ask, vms, count, err);
}

static int begin(struct listener *l, struct err *err)
{
	struct record_vm *vms, vm;
	size_t count;
	int ret;

	l->only_id = RECORD_NONE;
	if (l->only) {
		if (reach_vm(&l->ask, l->only, &vm, err))
			return -1;
		l->only_id = vm.id;
	}
	if (list(l, &vms, &count, err))
		return -1;
	ret = tally_list(&l->tally, vms, count);
	free(vms);
	return ret ? err_set(err, VMCTL_FAILED, "out of memory") : 0;
}

/*
 * The kernel had to drop events.  What has come is read; VMs are listed; what came
 * in between is read; what they have counted beyond that is lost.
 */
static int reckon(struct listener *l, struct err *err)
{
	struct record_vm *vms;
	size_t count;
	int ret;

	note("%s: events came faster than they were read", l->cmd->name);
	if (list(l, &vms, &count, err))
		return -1;
	ret = watch_read(&l->hear, take, l, err);
	if (!ret && tally_compare(&l->tally, vms, count, print_loss, l))
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	free(vms);
	return ret;
}

static int follow(struct listener *l, struct err *err)
{
	int ret = 0;

	while (l->left && ret >= 0) {
		if (fflush(stdout))
			return 0;	/* main() tells */
		/* again at once, if even the reckoning was too slow */
		if (!ret && watch_wait(&l->hear, -1, err))
			return -1;
		ret = ret ? reckon(l, err) :
		      watch_read(&l->hear, take, l, err);
	}
	return ret < 0 ? -1 : 0;
}

static int listen(struct listener *l)
{
	struct err err;
	int ret = -1;

	if (control_open(&l->ask, &err))
		return command_fail(l->cmd, &err);
	/* the group life tells of names and ends, also when it is not wanted */
	if (!watch_open(&l->hear, l->groups | 1U << CONTROL_LIFE, &err)) {
		ret = begin(l, &err) ?: follow(l, &err);
		control_close(&l->hear);
	}
	control_close(&l->ask);
	tally_free(&l->tally);
	return ret ? command_fail(l->cmd, &err) : VMCTL_OK;
}

/* ---- the command line --------------------------------------------------------------- */

static int parse_groups(struct args *a, struct listener *l)
{
	const char *p = a->value;
	unsigned int g;
	size_t len;

	for (l->groups = 0;; p += len + 1) {
		len = strcspn(p, ",");
		for (g = 0; g < CONTROL_NR_GROUPS; g++)
			if (strlen(control_group_names[g]) == len &&
			    !strncmp(p, control_group_names[g], len))
				break;
		if (g == CONTROL_NR_GROUPS)
			return command_usage(l->cmd,
					     "-g %s: the groups are life, limits and faults",
					     a->value);
		l->groups |= 1U << g;
		if (!p[len])
			return 0;
	}
}

#define OPT_VM	(OPT_FIRST + 1)

static int parse_option(struct args *a, int id, struct listener *l)
{
	struct err err;

	switch (id) {
	case ARGS_BAD:
		return VMCTL_USAGE;
	case OPT_VM:
		l->only = a->value;
		return 0;
	case 'n':
		return args_number(a, "-n", 1, UINT32_MAX, &l->left);
	case 'g':
		return parse_groups(a, l);
	default:
		break;
	}
	if (args_view(a, id, &l->view, &err) < 0)
		return command_fail(l->cmd, &err);
	if (l->view.format == ROWS_JSON)
		return command_usage(l->cmd,
				     "-o json: events have no end; try -o jsonl");
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct listener l = {
		.cmd = cmd, .left = UINT64_MAX,
		.groups = (1U << CONTROL_NR_GROUPS) - 1,
	};
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (parse_option(&a, id, &l))
			return VMCTL_USAGE;
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (rows_check(tell_event, &l.view, &err))
		return command_fail(cmd, &err);
	return listen(&l);
}

static const struct cmd_option options[] = {
	{ OPT_VM, "vm", "VM", "of this VM alone" },
	{ 'g', "groups", "life|limits|faults",
	  "of these groups, separated by commas (default all)" },
	{ 'n', "count", "COUNT", "end after so many" },
	{ 'o', "output", "table|wide|jsonl|csv|name",
	  "table and wide are for people, wide has all fields;\n"
	  "the others have nanoseconds and stable keys" },
	{ OPT_FIELDS, "fields", "KEY,...", "these fields, in this order" },
	{ OPT_NO_HEADER, "no-header", NULL, "no line of heads or keys" },
	ARGS_QUIET_OPTION,
	{}
};

const struct command cmd_events = {
	.name = "events",
	.summary = "Tell what happens to VMs, as it happens, until interrupted",
	.usage = "[--vm VM] [-g GROUP,...] [-n COUNT] [-o FORMAT] [--fields KEY,...]\n"
		 "       [--no-header] [-q]",
	.help = "LOST is how many events of the VM and group should have come before and\n"
		"did not; an event 'lost' tells of those that none came after.\n",
	.options = options,
	.fields = tell_event,
	.run = run,
};
