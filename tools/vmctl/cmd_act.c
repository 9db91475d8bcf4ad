// SPDX-License-Identifier: GPL-2.0
/*
 * The verbs that change a VM, which are alike: one request to the kernel, for one
 * VM, and for some a change that is then waited for.  verbs[] says what differs.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/note.h"
#include "lib/records.h"
#include "lib/watch.h"
#include "vm/console_await.h"
#include "vm/epitaph.h"
#include "vm/keeper.h"
#include "vm/reach.h"
#include "vm/runtime.h"

#define SEC_NS		1000000000ULL
#define STOP_NS		(60 * SEC_NS)	/* for a guest to shut down */
#define EFFECT_NS	(10 * SEC_NS)	/* for a process to react */
#define CHECK_MS	1000
#define CHECK_BUSY_MS	20	/* of what is no event */

#define CONSOLE		"console:"

/* ---- what is waited for -------------------------------------------------------- */

static enum watch_sight is_gone(const struct record_vm *vm)
{
	return vm ? WATCH_NOT_YET : WATCH_DONE;
}

static enum watch_sight is_over(const struct record_vm *vm)
{
	return !vm || !strcmp(vm->state, "dead") ? WATCH_DONE : WATCH_NOT_YET;
}

static enum watch_sight is_reset(const struct record_vm *vm)
{
	if (!vm)
		return WATCH_DONE;	/* for its process, reset is the end */
	/* about to be gone: what its process made of that is to be seen then */
	if (!strcmp(vm->state, "dead"))
		return WATCH_NOT_YET;
	return vm->requests & VMM_REQUEST_RESET ? WATCH_NOT_YET : WATCH_DONE;
}

static enum watch_sight is_running(const struct record_vm *vm)
{
	if (!vm || !strcmp(vm->state, "dead"))
		return WATCH_NEVER;
	return !strcmp(vm->state, "running") ? WATCH_DONE : WATCH_NOT_YET;
}

static enum watch_sight is_paused(const struct record_vm *vm)
{
	if (!vm || !strcmp(vm->state, "dead"))
		return WATCH_NEVER;
	return !strcmp(vm->state, "paused") ? WATCH_DONE : WATCH_NOT_YET;
}

/* ---- the verbs ------------------------------------------------------------------ */

/**
 * struct verb - what differs
 * @op:		the request; 0: none, only the wait
 * @done:	when the change is complete; NULL: when the kernel has answered
 * @limit_ns:	how long to wait for that, unless told
 * @check_ms:	how often to look where no event tells
 * @late:	what is so when time has run out
 */
struct verb {
	const struct command *cmd;
	uint8_t op;
	watch_done_fn done;
	uint64_t limit_ns;
	int check_ms;
	const char *late;
};

static const struct verb verbs[] = {
	{ .cmd = &cmd_pause, .op = VMM_NL_CMD_VM_PAUSE },
	{ .cmd = &cmd_resume, .op = VMM_NL_CMD_VM_RESUME },
	{ .cmd = &cmd_kill, .op = VMM_NL_CMD_VM_KILL, .done = is_gone,
	  .limit_ns = EFFECT_NS, .check_ms = CHECK_MS,
	  .late = "dead, but its process has not let go of it; try: vmctl list -a" },
	{ .cmd = &cmd_reset, .op = VMM_NL_CMD_VM_RESET, .done = is_reset,
	  .limit_ns = EFFECT_NS, .check_ms = CHECK_BUSY_MS,
	  .late = "its process has not reset it yet; try: vmctl kill" },
	{ .cmd = &cmd_stop, .op = VMM_NL_CMD_VM_STOP, .done = is_over,
	  .limit_ns = STOP_NS, .check_ms = CHECK_MS,
	  .late = "the guest has not reacted to its power button; try: vmctl stop -f" },
	{ .cmd = &cmd_wait, .done = is_over, .limit_ns = UINT64_MAX,
	  .check_ms = CHECK_MS, .late = "not so yet" },
};

/**
 * struct order - a verb as the user gave it
 * @text:	of wait: what the console shall have, instead of a state
 * @force:	of stop: kill if it takes too long
 */
struct order {
	struct verb verb;
	const char *vm, *text;
	bool force;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC_NS + (uint64_t)ts.tv_nsec;
}

/* ---- carrying out ---------------------------------------------------------------- */

static int await(struct control *c, const struct verb *v,
		 const struct record_vm *vm, struct err *err)
{
	int ret;

	if (!v->done || !v->limit_ns)
		return 0;
	ret = watch_until(c, vm->id, v->done, v->limit_ns, v->check_ms, err);
	if (ret > 0)
		return err_set(err, VMCTL_TIMEOUT, "%s", v->late);
	return ret;
}

static const struct verb *verb_of(const struct command *cmd)
{
	const struct verb *v = verbs;

	while (v->cmd != cmd)
		v++;
	return v;
}

static int kill_vm(struct control *c, const struct record_vm *vm,
		   struct err *err)
{
	const struct verb *kill = verb_of(&cmd_kill);

	return control_act(c, kill->op, vm->id, err) || await(c, kill, vm, err) ? -1 : 0;
}

static int act(struct control *c, const struct order *o,
	       const struct record_vm *vm, struct err *err)
{
	const struct verb *v = &o->verb;

	/* a paused guest would not see the button */
	if (v->op == VMM_NL_CMD_VM_STOP && !strcmp(vm->state, "paused")) {
		if (o->force)
			return kill_vm(c, vm, err);
		return err_set(err, VMCTL_STATE,
			       "the VM is paused; try: vmctl resume, or vmctl stop -f");
	}
	if (v->op && control_act(c, v->op, vm->id, err))
		return -1;
	if (!await(c, v, vm, err))
		return 0;
	if (o->force && err->code == VMCTL_TIMEOUT)
		return kill_vm(c, vm, err);
	return -1;
}

/*
 * What is left when the VM has ended: its process may have to, too, or boots it
 * again.  1: it did that, which is not what was wanted.
 */
static int follow(struct control *c, const struct order *o, struct keeper *k,
		  struct record_vm *vm, struct err *err)
{
	const struct verb *v = &o->verb;
	int ret;

	if (!v->limit_ns ||
	    (v->done != is_over && v->done != is_gone && v->done != is_reset))
		return 0;
	if (k->lock < 0)
		return 0;
	ret = keeper_settle(k, c, vm, EFFECT_NS, err);
	if (v->done != is_reset || ret < 0)
		return ret;
	return ret ? 0 : err_set(err, VMCTL_STATE,
				 "the VM has ended; try: vmctl logs");
}

/* Who waited for an end shall know if it was a bad one; 0. */
static int tell_end(const struct order *o, const char *name)
{
	struct epitaph epitaph;
	struct paths paths;
	struct err err;

	if (o->verb.done != is_over && o->verb.done != is_gone)
		return 0;
	/* who has been started again has not ended */
	if (!paths_find(&paths, &err) && !runtime_alive(&paths, name, &err) &&
	    epitaph_read(&paths, name, &epitaph, &err) > 0 && !epitaph.plain)
		note("wait: %s: ended: %s", name, epitaph.text);
	return 0;
}

/* A VM that is defined and does not run is what waiting for an end waits for. */
static bool was_waited_for(const struct order *o, const struct err *err)
{
	return !o->verb.op && err->code == VMCTL_STATE &&
	       (o->verb.done == is_over || o->verb.done == is_gone);
}

static int act_and_follow(struct control *c, const struct order *o,
			  struct err *err)
{
	uint64_t begun = now_ns(), passed;
	struct order left = *o;
	struct record_vm vm;
	struct keeper k;
	int ret;

	ret = keeper_vm(&k, c, o->vm, &vm, err);
	if (ret)
		return was_waited_for(o, err) ? tell_end(o, o->vm) : ret;
	for (;;) {
		ret = act(c, &left, &vm, err);
		if (!ret)
			ret = follow(c, &left, &k, &vm, err);
		if (ret <= 0)
			break;
		passed = now_ns() - begun;
		if (o->verb.limit_ns == UINT64_MAX)
			continue;
		left.verb.limit_ns = passed < o->verb.limit_ns ?
				     o->verb.limit_ns - passed : 1;
	}
	if (!ret && o->verb.cmd == &cmd_wait && k.lock >= 0)
		tell_end(o, vm.name);
	keeper_forget(&k);
	return ret ? err_wrap(err, "%.64s", o->vm) : 0;
}

static int carry_out(const struct command *cmd, const struct order *o)
{
	struct control c;
	struct err err;
	int ret;

	if (control_open(&c, &err))
		return command_fail(cmd, &err);
	ret = act_and_follow(&c, o, &err);
	control_close(&c);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

/* The console is its process's, not the kernel's. */
static int await_text(const struct command *cmd, const struct order *o)
{
	struct reach reach;
	struct err err;
	int fd, ret;

	if (reach_find(&reach, o->vm, &err))
		return command_fail(cmd, &err);
	fd = reach_connect(&reach, "console", SOCK_STREAM, &err);
	if (fd < 0)
		return command_fail(cmd, &err);
	ret = console_await(fd, o->text, o->verb.limit_ns, &err);
	close(fd);
	if (!ret)
		return VMCTL_OK;
	err_wrap(&err, "%s", reach.name);
	return command_fail(cmd, &err);
}

/* ---- command lines ----------------------------------------------------------------- */

static int parse_for(const struct args *a, struct order *o)
{
	static const struct {
		const char *name;
		watch_done_fn done;
	} states[] = {
		{ "running", is_running }, { "paused", is_paused },
		{ "stopped", is_over }, { "gone", is_gone },
	};
	unsigned int i;

	if (!strncmp(a->value, CONSOLE, strlen(CONSOLE))) {
		o->text = a->value + strlen(CONSOLE);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!strcmp(a->value, states[i].name)) {
			o->verb.done = states[i].done;
			return 0;
		}
	}
	return command_usage(a->cmd,
			     "--for %s: neither running, paused, stopped, gone nor console:TEXT",
			     a->value);
}

#define OPT_WAIT	(OPT_FIRST + 1)
#define OPT_FOR		(OPT_FIRST + 2)

static int parse_option(const struct args *a, int id, struct order *o)
{
	switch (id) {
	case OPT_WAIT:
		return args_seconds(a, "--wait", &o->verb.limit_ns);
	case 't':
		return args_seconds(a, "-t", &o->verb.limit_ns);
	case 'f':
		o->force = true;
		return 0;
	case OPT_FOR:
		return parse_for(a, o);
	default:
		return VMCTL_USAGE;	/* told already */
	}
}

static int parse(const struct command *cmd, int argc, char **argv,
		 struct order *o)
{
	int id;
	char **operands;
	struct args a;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (parse_option(&a, id, o))
			return VMCTL_USAGE;
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	o->vm = operands[0];
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct order o = { .verb = *verb_of(cmd) };
	int code = parse(cmd, argc, argv, &o);

	if (code)
		return code;
	return o.text ? await_text(cmd, &o) : carry_out(cmd, &o);
}

const char *const operand_vm[] = { "VM", NULL };

const struct command cmd_pause = {
	.name = "pause",
	.summary = "Stop the processors of a VM, and its time, until resumed",
	.usage = "VM",
	.help = "The guest does not notice: its clocks stand still, too.  When the command\n"
		"ends no processor runs.\n",
	.operands = operand_vm,
	.run = run,
};

const struct command cmd_resume = {
	.name = "resume",
	.summary = "Let a paused VM go on",
	.usage = "VM",
	.operands = operand_vm,
	.run = run,
};

static const struct cmd_option wait_options[] = {
	{ OPT_WAIT, "wait", "SEC", "wait so long for the effect (default 10; 0: do not)" },
	{}
};

const struct command cmd_reset = {
	.name = "reset",
	.summary = "Ask a VM's process to reset the machine",
	.usage = "[--wait SEC] VM",
	.help = "A VM of 'vmctl start' boots again, and has another number then; one of\n"
		"'vmctl run' ends, as by a reset that its guest asks for.\n",
	.options = wait_options,
	.operands = operand_vm,
	.run = run,
};

const struct command cmd_kill = {
	.name = "kill",
	.summary = "End a VM at once, and wait until it is gone",
	.usage = "[--wait SEC] VM",
	.options = wait_options,
	.operands = operand_vm,
	.run = run,
};

static const struct cmd_option stop_options[] = {
	{ 't', "wait", "SEC", "time for the guest to shut down (default 60; 0: do not wait)" },
	{ 'f', "force", NULL, "then kill it; a paused VM at once" },
	{}
};

const struct command cmd_stop = {
	.name = "stop",
	.summary = "Press a VM's power button, and wait until it is off",
	.usage = "[-t SEC] [-f] VM",
	.help = "Exit code 124: the guest still runs.\n",
	.options = stop_options,
	.operands = operand_vm,
	.run = run,
};

static const struct cmd_option for_options[] = {
	{ OPT_FOR, "for", "running|paused|stopped|gone",
	  "what to wait for (default stopped: dead or gone);\n"
	  "or console:TEXT, for a VM in the background: its console has TEXT" },
	{ 't', "timeout", "SEC", "give up after so long, with exit code 124" },
	{}
};

const struct command cmd_wait = {
	.name = "wait",
	.summary = "Wait until a VM is in a state",
	.usage = "[--for STATE] [-t SEC] VM",
	.options = for_options,
	.operands = operand_vm,
	.run = run,
};
