/* SPDX-License-Identifier: GPL-2.0 */
/* Asking the process of a machine in the background (lib/verb.h). */
#ifndef VMCTL_ASK_H
#define VMCTL_ASK_H

#include <stdbool.h>

#include "lib/buffer.h"
#include "lib/verb.h"
#include "vm/reach.h"

#define ASK_MS		5000	/* for an answer */
#define ASK_ASIDE_MS	500	/* for one that can be done without */

/** ask_open() - a connection to its control socket */
int ask_open(const struct reach *r, struct err *err);

/** ask_regs() - the registers of @vcpu, in their own moment */
int ask_regs(int fd, unsigned int vcpu, struct verb_regs *regs,
	     struct err *err);

/** ask_keys() - sends bytes to its serial port, or, as a break and they, @sysrq */
int ask_keys(int fd, const char *keys, size_t len, bool sysrq, struct err *err);

/** ask_memory() - where its memory is in the object @object, which is the caller's */
int ask_memory(int fd, struct verb_memory *memory, int *object,
	       struct err *err);

/** ask_sandbox() - what its process has given up */
int ask_sandbox(int fd, struct verb_sandbox *sandbox, struct err *err);

/**
 * ask_hold() - holds it, until ask_release() or @fd is closed
 * @bytes:	all that @hold tells of, which the caller frees
 */
int ask_hold(int fd, struct verb_hold *hold, struct bytes *bytes,
	     struct err *err);
/** ask_held() - whether it still is, as it was when it told of @bytes */
int ask_held(int fd, const struct bytes *bytes, struct err *err);
int ask_release(int fd, struct err *err);

/** ask_all_regs() - those of all; the caller frees the list */
int ask_all_regs(int fd, struct verb_regs **regs, unsigned int *count,
		 struct err *err);

#endif
