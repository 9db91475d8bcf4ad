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
#define ASK_WORK_MS	60000	/* for one that its process has to work for */

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

/** ask_find_memory() - that object of the machine @name, the caller's; or -1 */
int ask_find_memory(const char *name, struct err *err);

/** ask_sandbox() - what its process has given up */
int ask_sandbox(int fd, struct verb_sandbox *sandbox, struct err *err);

/**
 * ask_hold() - holds it, until @fd is closed
 * @bytes:	all that @hold tells of, which the caller frees
 */
int ask_hold(int fd, struct verb_hold *hold, struct bytes *bytes,
	     struct err *err);
/** ask_held() - whether it still is, as it was when it told of @bytes */
int ask_held(int fd, const struct bytes *bytes, struct err *err);

/** ask_all_regs() - those of all; the caller frees the list */
int ask_all_regs(int fd, struct verb_regs **regs, unsigned int *count,
		 struct err *err);

/* ---- snapshots in memory (vm/ask_snap.c) ---------------------------------------------- */

/** ask_snap_take() - @made: its tag; @tag may be empty: its process makes one up */
int ask_snap_take(int fd, const char *tag, char made[VMM_NAME_LEN],
		  struct err *err);
/** ask_snap_list() - all of them; the caller frees the list */
int ask_snap_list(int fd, struct verb_snap **list, size_t *count,
		  struct err *err);
int ask_snap_drop(int fd, const char *tag, struct err *err);
/** ask_rollback() - @tag may be empty: the newest */
int ask_rollback(int fd, const char *tag, struct err *err);

/**
 * ask_moment() - that of @which, which is now if that is empty; the machine runs on
 * @bytes:	all that @moment tells of, which the caller frees
 * @memory:	the frozen object, the caller's
 */
int ask_moment(int fd, const struct verb_which *which,
	       struct verb_moment *moment, struct bytes *bytes, int *memory,
	       struct err *err);
/** ask_moment_memory() - likewise without what is told of it */
int ask_moment_memory(int fd, const struct verb_which *which, int *memory,
		      struct err *err);

/** ask_conf() - its definition, vm.conf(5), which the caller frees */
int ask_conf(int fd, struct bytes *text, struct err *err);

/* ---- for those files ------------------------------------------------------------------- */

/** ask_within() - a request whose reply has exactly @size bytes, and maybe a file */
int ask_within(int fd, unsigned int ms, uint16_t verb, const void *data,
	       size_t len, void *to, size_t size, int *file, struct err *err);

/** ask_pieces() - @verb again and again, for what comes next behind @bytes, until it has @all */
int ask_pieces(int fd, uint16_t verb, struct bytes *bytes, uint64_t all,
	       struct err *err);

/** ask_check_told() - whether there can be so much of everything */
int ask_check_told(const struct verb_hold *told, struct err *err);

#endif
