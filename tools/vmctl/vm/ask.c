// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boot/layout.h"
#include "lib/talk.h"
#include "snap/format.h"
#include "vm/ask.h"

int ask_open(const struct reach *r, struct err *err)
{
	return reach_connect(r, "control", SOCK_SEQPACKET, err);
}

int ask_within(int fd, unsigned int ms, uint16_t verb, const void *data,
	       size_t len, void *to, size_t size, int *file, struct err *err)
{
	struct talk_message *reply = malloc(sizeof(*reply));
	int ret;

	if (!reply)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = talk_ask(fd, verb, data, len, ms, reply, err);
	if (!ret && (reply->len != size || (file && reply->fd < 0)))
		ret = err_set(err, VMCTL_FAILED,
			      "its process is of another version; try: the vmctl that started it");
	if (!ret) {
		if (size)
			memcpy(to, reply->data, size);
		if (file)
			*file = reply->fd;
	}
	if (reply->fd >= 0 && (ret || !file))
		close(reply->fd);
	free(reply);
	return ret;
}

static int ask(int fd, uint16_t verb, const void *data, size_t len, void *to,
	       size_t size, int *file, struct err *err)
{
	return ask_within(fd, ASK_MS, verb, data, len, to, size, file, err);
}

int ask_regs(int fd, unsigned int vcpu, struct verb_regs *regs,
	     struct err *err)
{
	__u32 number = vcpu;

	return ask(fd, VERB_REGS, &number, sizeof(number), regs, sizeof(*regs),
		   NULL, err);
}

int ask_keys(int fd, const char *keys, size_t len, bool sysrq, struct err *err)
{
	return ask(fd, sysrq ? VERB_BREAK : VERB_KEYS, keys, len, NULL, 0, NULL,
		   err);
}

int ask_memory(int fd, struct verb_memory *memory, int *object,
	       struct err *err)
{
	return ask(fd, VERB_MEMORY, NULL, 0, memory, sizeof(*memory), object,
		   err);
}

int ask_find_memory(const char *name, struct err *err)
{
	struct verb_memory memory;
	struct reach r;
	int fd, object, ret;

	if (reach_find(&r, name, err))
		return -1;
	fd = ask_open(&r, err);
	if (fd < 0)
		return -1;
	ret = ask_memory(fd, &memory, &object, err);
	close(fd);
	return ret ? err_wrap(err, "%s", r.name) : object;
}

int ask_sandbox(int fd, struct verb_sandbox *sandbox, struct err *err)
{
	return ask_within(fd, ASK_ASIDE_MS, VERB_SANDBOX, NULL, 0, sandbox,
			  sizeof(*sandbox), NULL, err);
}

static int ask_more(int fd, uint16_t verb, struct bytes *bytes, uint64_t all,
		    struct talk_message *reply, struct err *err)
{
	__u64 at = bytes->len;

	if (talk_ask(fd, verb, &at, sizeof(at), ASK_MS, reply, err))
		return -1;
	if (reply->fd >= 0)
		close(reply->fd);
	if (!reply->len || reply->len > all - bytes->len)
		return err_set(err, VMCTL_FAILED,
			       "its process says too much or too little");
	if (bytes_add(bytes, reply->data, reply->len))
		return err_set(err, VMCTL_FAILED, "out of memory");
	return 0;
}

int ask_pieces(int fd, uint16_t verb, struct bytes *bytes, uint64_t all,
	       struct err *err)
{
	struct talk_message *reply = malloc(sizeof(*reply));
	int ret = 0;

	if (!reply)
		return err_set(err, VMCTL_FAILED, "out of memory");
	while (!ret && bytes->len < all)
		ret = ask_more(fd, verb, bytes, all, reply, err);
	free(reply);
	return ret;
}

int ask_check_told(const struct verb_hold *told, struct err *err)
{
	if (told->conf > SNAP_MAX_CONF ||
	    told->cpuid > SNAP_MAX_CPU * sizeof(struct vmm_cpuid_entry) ||
	    told->state > SNAP_MAX_STATE)
		return err_set(err, VMCTL_FAILED, "more state than there can be");
	return 0;
}

int ask_hold(int fd, struct verb_hold *hold, struct bytes *bytes,
	     struct err *err)
{
	if (ask(fd, VERB_HOLD, NULL, 0, hold, sizeof(*hold), NULL, err) ||
	    ask_check_told(hold, err))
		return -1;
	return ask_pieces(fd, VERB_HELD, bytes,
			  hold->conf + hold->cpuid + hold->state, err);
}

int ask_held(int fd, const struct bytes *bytes, struct err *err)
{
	__u64 end = bytes->len;

	return ask(fd, VERB_HELD, &end, sizeof(end), NULL, 0, NULL, err);
}

int ask_all_regs(int fd, struct verb_regs **regs, unsigned int *count,
		 struct err *err)
{
	struct verb_regs first, *list;
	unsigned int i, n;
	int ret;

	if (ask_regs(fd, 0, &first, err))
		return -1;
	n = first.vcpus && first.vcpus <= LAYOUT_MAX_CPUS ? first.vcpus : 1;
	list = calloc(n, sizeof(*list));
	if (!list)
		return err_set(err, VMCTL_FAILED, "out of memory");
	list[0] = first;
	for (i = 1, ret = 0; i < n && !ret; i++)
		ret = ask_regs(fd, i, &list[i], err);
	if (ret) {
		free(list);
		return ret;
	}
	*regs = list;
	*count = n;
	return 0;
}
