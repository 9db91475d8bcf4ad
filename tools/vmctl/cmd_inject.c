// SPDX-License-Identifier: GPL-2.0
#include <netlink/msg.h>
#include <string.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/records.h"
#include "vm/ask.h"

/**
 * struct order - what the user gave
 * @vcpu:	for an NMI; RECORD_NONE: the kernel's choice
 * @text:	keys; NULL for an NMI
 */
struct order {
	const char *vm, *text;
	uint64_t vcpu;
};

/* ---- through the kernel --------------------------------------------------------- */

static int send_nmi(struct control *c, const struct order *o,
		    struct err *err)
{
	struct nl_msg *r;
	struct record_vm vm;
	int ret;

	if (reach_vm(c, o->vm, &vm, err))
		return -1;
	r = control_request(c, 0, VMM_NL_CMD_VM_NMI, err);
	if (!r)
		return -1;
	if (nla_put_u32(r, VMM_NL_A_VM_ID, (uint32_t)vm.id) ||
	    (o->vcpu != RECORD_NONE &&
	     nla_put_u32(r, VMM_NL_A_VCPU_ID, (uint32_t)o->vcpu)))
		ret = control_full(err);
	else
		ret = control_ask(c, r, NULL, NULL, err);
	nlmsg_free(r);
	return ret ? err_wrap(err, "%.64s", o->vm) : 0;
}

static int nmi(const struct order *o, struct err *err)
{
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = send_nmi(&c, o, err);
	control_close(&c);
	return ret;
}

/* ---- through its process ----------------------------------------------------------- */

static int send_keys(const struct order *o, bool sysrq, struct err *err)
{
	struct reach reach;
	int fd, ret;

	if (reach_find(&reach, o->vm, err))
		return -1;
	fd = ask_open(&reach, err);
	if (fd < 0)
		return -1;
	ret = ask_keys(fd, o->text, strlen(o->text), sysrq, err);
	close(fd);
	return ret ? err_wrap(err, "%s", reach.name) : 0;
}

static int keys(const struct order *o, struct err *err)
{
	return send_keys(o, false, err);
}

static int sysrq(const struct order *o, struct err *err)
{
	return send_keys(o, true, err);
}

/* ---- command lines ------------------------------------------------------------------- */

/** struct kind - what can be injected; @text: what it is called, NULL: none */
struct kind {
	const char *name, *text;
	size_t most;
	int (*inject)(const struct order *o, struct err *err);
};

static const struct kind kinds[] = {
	{ "nmi", NULL, 0, nmi },
	{ "key", "TEXT", 2048, keys },
	{ "sysrq", "KEY", 1, sysrq },
};

static const struct kind *kind_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

/* 0, or the exit code of a misuse */
static int check(const struct command *cmd, const struct kind *k,
		 const char *name, const struct order *o)
{
	if (!k)
		return command_usage(cmd,
				     "%s: only nmi, key and sysrq can be injected",
				     name);
	if (k->text && !o->text)
		return command_usage(cmd, "%s is missing", k->text);
	if (!k->text && o->text)
		return command_usage(cmd, "%s: one too many", o->text);
	if (o->text && (!*o->text || strlen(o->text) > k->most))
		return command_usage(cmd, "%s: %s has 1 to %zu characters",
				     name, k->text, k->most);
	if (k->text && o->vcpu != RECORD_NONE)
		return command_usage(cmd, "-c goes with nmi");
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct order o = { .vcpu = RECORD_NONE };
	const struct kind *k;
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (id != 'c' ||
		    args_number(&a, "-c", 0, UINT32_MAX, &o.vcpu))
			return VMCTL_USAGE;
	operands = args_operands(&a, 2, 3);
	if (!operands)
		return VMCTL_USAGE;
	o.vm = operands[0];
	o.text = operands[2];
	k = kind_of(operands[1]);
	if (check(cmd, k, operands[1], &o))
		return VMCTL_USAGE;
	return k->inject(&o, &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'c', "vcpu", "VCPU", "of an NMI: this processor (default 0)" },
	{}
};

static const char *const operands[] = { "VM", "nmi|key|sysrq", NULL };

const struct command cmd_inject = {
	.name = "inject",
	.summary = "Give a VM a non-maskable interrupt, keys, or a magic SysRq",
	.usage = "[-c VCPU] VM {nmi | key TEXT | sysrq KEY}",
	.options = options,
	.operands = operands,
	.help =
"Keys go to the serial port of a VM in the background, all of TEXT or nothing;\n"
"nobody need be attached.  A sysrq is a break and a key, as Linux takes it from\n"
"a serial console.\n",
	.run = run,
};
