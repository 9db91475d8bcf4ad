// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/socket.h>

#include "args.h"
#include "cmds.h"
#include "lib/note.h"
#include "vm/console_client.h"
#include "vm/reach.h"

/* How to go on, too. */
static void tell_detached(const struct console_client *c)
{
	char place[CONSOLE_PLACE_LEN];

	if (c->unheard)
		note("console: %s: the last keys did not reach the guest",
		     c->name);
	if (c->place.run)
		note("detached; vmctl console --from %s %s goes on here",
		     console_place_text(place, &c->place), c->name);
}

static int stay(const struct command *cmd, struct console_client *c, int fd)
{
	struct err err;

	switch (console_client(c, fd, &err)) {
	case CONSOLE_DETACHED:
		tell_detached(c);
		return VMCTL_OK;
	case CONSOLE_ENDED:
		note("console: %s ended: %s", c->name, c->end);
		return VMCTL_OK;
	default:
		err_wrap(&err, "%s", c->name);
		return command_fail(cmd, &err);
	}
}

#define OPT_TAIL	(OPT_FIRST + 1)
#define OPT_FROM	(OPT_FIRST + 2)

static int parse_option(const struct args *a, int id, struct console_client *c)
{
	switch (id) {
	case 'r':
		c->flags &= ~(unsigned int)CONSOLE_WRITE;
		return 0;
	case 'f':
		c->flags |= CONSOLE_TAKE;
		return 0;
	case OPT_TAIL:
		c->flags |= CONSOLE_TAIL;
		return 0;
	case OPT_FROM:
		if (!console_place_parse(a->value, &c->place))
			return 0;
		return command_usage(a->cmd,
				     "--from %s: not what a detach has told",
				     a->value);
	default:
		return VMCTL_USAGE;	/* told already */
	}
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct console_client c = { .flags = CONSOLE_WRITE };
	struct reach reach;
	char **operands;
	struct args a;
	struct err err;
	int id, fd;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (parse_option(&a, id, &c))
			return VMCTL_USAGE;
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (reach_find(&reach, operands[0], &err))
		return command_fail(cmd, &err);
	fd = reach_connect(&reach, "console", SOCK_STREAM, &err);
	if (fd < 0)
		return command_fail(cmd, &err);
	c.name = reach.name;
	return stay(cmd, &c, fd);
}

static const struct cmd_option options[] = {
	{ 'r', "read-only", NULL, "keys do not go to the guest" },
	{ 'f', "force", NULL, "take the keyboard from who has it, who then reads" },
	{ OPT_TAIL, "tail", NULL, "only what the guest writes from now on" },
	{ OPT_FROM, "from", "PLACE", "what follows that; a detach tells it" },
	{}
};

const struct command cmd_console = {
	.name = "console",
	.summary = "Attach to the console of a VM in the background",
	.usage = "[-r] [-f] [--tail | --from PLACE] VM",
	.options = options,
	.operands = operand_vm,
	.help =
"What the guest wrote before comes first, up to 256 KiB.  On a terminal, Ctrl-]\n"
"detaches and all other keys go to the guest; the VM runs on.  Without one,\n"
"standard input goes to the guest, and the command stays until the VM ends.\n",
	.run = run,
};
