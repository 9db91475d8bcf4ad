/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine that is held while somebody saves it: what it is, in one run of bytes, to be
 * read piece by piece over the control socket.  That takes no file, which its process
 * could not make.  All is the main thread's.
 */
#ifndef VMCTL_SAVING_H
#define VMCTL_SAVING_H

#include "lib/buffer.h"
#include "lib/verb.h"

struct conf;
struct machine;

/** struct saving - @by: whoever asked for it; NULL: nobody, and it is not held */
struct saving {
	const void *by;
	struct machine *machine;
	struct bytes bytes;
};

/** saving_begin() - holds @machine, which is made by @conf; -1: it goes on */
int saving_begin(struct saving *s, struct machine *machine,
		 const struct conf *conf, const void *by, struct verb_hold *told,
		 struct err *err);

/** saving_read() - at most @size bytes from @at; how many */
size_t saving_read(const struct saving *s, uint64_t at, void *to, size_t size);

/** saving_end() - lets it go */
void saving_end(struct saving *s);

/** saving_forget() - likewise, of a machine that is no more */
void saving_forget(struct saving *s);

#endif
