// SPDX-License-Identifier: GPL-2.0
#include <netlink/msg.h>
#include <string.h>

#include <linux/vmm_netlink.h>

#include "args.h"
#include "cmds.h"
#include "lib/records.h"
#include "lib/size.h"
#include "vm/reach.h"

#define LABEL	"label."

/* All changes go into one request, which the kernel carries out or refuses. */
static int too_much(const struct command *cmd)
{
	return command_usage(cmd, "too much for one request");
}

static int put_label(const struct command *cmd, struct nl_msg *r,
		     const char *word, const char *value)
{
	const char *key = word + strlen(LABEL);
	size_t len = (size_t)(value - 1 - key);
	struct nlattr *nest;
	char copy[64];

	if (!len || len >= sizeof(copy))
		return command_usage(cmd, "%s: a label's key has 1 to %zu characters",
				     word, sizeof(copy) - 1);
	memcpy(copy, key, len);
	copy[len] = 0;
	nest = nla_nest_start(r, VMM_NL_A_LABEL);
	if (!nest || nla_put_string(r, VMM_NL_A_LABEL_KEY, copy) ||
	    (*value && nla_put_string(r, VMM_NL_A_LABEL_VALUE, value)) ||
	    nla_nest_end(r, nest))
		return too_much(cmd);
	return 0;
}

static int put_max_vcpus(const struct command *cmd, struct nl_msg *r,
			 const char *word, const char *value)
{
	uint64_t number;

	if (uint_parse(value, &number) || !number || number > UINT32_MAX)
		return command_usage(cmd, "%s: not a number of processors",
				     word);
	if (nla_put_u32(r, VMM_NL_A_MAX_VCPUS, (uint32_t)number))
		return too_much(cmd);
	return 0;
}

static int put_max_memory(const struct command *cmd, struct nl_msg *r,
			  const char *word, const char *value)
{
	uint64_t bytes = 0;

	if (strcmp(value, "none") && (size_parse(value, &bytes) || !bytes))
		return command_usage(cmd, "%s: neither a size like 512M or 4G, nor none",
				     word);
	if (nla_put_u64(r, VMM_NL_A_MAX_MEMORY, bytes))
		return too_much(cmd);
	return 0;
}

static int put(const struct command *cmd, struct nl_msg *r,
	       const char *word)
{
	const char *value = strchr(word, '=');

	if (!value)
		return command_usage(cmd, "%s: not KEY=VALUE", word);
	value++;
	if (!strncmp(word, "name=", 5))
		return nla_put_string(r, VMM_NL_A_NEW_NAME, value) ?
		       too_much(cmd) : 0;
	if (!strncmp(word, "max_vcpus=", 10))
		return put_max_vcpus(cmd, r, word, value);
	if (!strncmp(word, "max_memory=", 11))
		return put_max_memory(cmd, r, word, value);
	if (!strncmp(word, LABEL, strlen(LABEL)))
		return put_label(cmd, r, word, value);
	return command_usage(cmd, "%s: the keys are name, max_vcpus, max_memory and label.KEY",
			     word);
}

/* *@r is freed by the caller, whatever comes of it. */
static int fill(const struct command *cmd, const struct control *c,
		struct nl_msg **r, char **words)
{
	struct err err;
	int code = 0;

	*r = control_request(c, 0, VMM_NL_CMD_VM_SET, &err);
	if (!*r)
		return command_fail(cmd, &err);
	for (; !code && *words; words++)
		code = put(cmd, *r, *words);
	return code;
}

static int ask(const struct command *cmd, struct control *c, const char *name,
	       char **words)
{
	struct nl_msg *r;
	struct err err;
	int code = fill(cmd, c, &r, words);

	if (!code && (control_name(r, name, &err) ||
		      control_ask(c, r, NULL, NULL, &err))) {
		err_wrap(&err, "%.64s", name);
		reach_explain(name, &err);
		code = command_fail(cmd, &err);
	}
	nlmsg_free(r);
	return code;
}

static int set(const struct command *cmd, const char *name, char **words)
{
	struct control c = {};
	struct nl_msg *r;
	struct err err;
	int code;

	/* what is wrong in itself needs no module to be seen */
	code = fill(cmd, &c, &r, words);
	nlmsg_free(r);
	if (code)
		return code;
	if (control_open(&c, &err))
		return command_fail(cmd, &err);
	code = ask(cmd, &c, name, words);
	control_close(&c);
	return code;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	char **words;
	struct args a;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	words = args_operands(&a, 1, argc);
	if (!words)
		return VMCTL_USAGE;
	if (!words[1])
		return command_usage(cmd, "%s: nothing to set", words[0]);
	return set(cmd, words[0], words + 1);
}

static const char *const operands[] = {
	"VM", "name=|max_vcpus=|max_memory=|label....", NULL
};

const struct command cmd_set = {
	.name = "set",
	.summary = "Change a VM's name, labels and limits: all that is told, or nothing",
	.usage = "VM KEY=VALUE...",
	.help = "  name=NAME          a letter, then letters, digits, '.', '_', '-'; or empty\n"
		"  max_vcpus=N        how many processors it may have\n"
		"  max_memory=SIZE    how much memory it may have, like 4G; none: any\n"
		"  label.KEY=VALUE    a label; without a VALUE it is removed\n",
	.operands = operands,
	.run = run,
};
