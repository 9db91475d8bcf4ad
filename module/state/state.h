/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Save and restore of a whole VM but for its memory, as a stream of records.
 *
 *	stream.c	the form: which records, in what order, how large
 *	save.c		a VM into a stream
 *	load.c		a stream into a VM: all is checked, then all is loaded
 *
 * What is in a record, its check and its load are beside what it is of.  A check
 * changes nothing and answers 0, -EINVAL or another errno; a load of what a check has
 * found good does not fail.  Documentation/state.rst has the rules.
 */
#ifndef VMM_STATE_STATE_H
#define VMM_STATE_STATE_H

#include <linux/types.h>

#include "state/stream.h"

struct vmm_vm;

/*
 * The state of @vm, which is paused.  0 with @data, to be freed by kvfree(), and @size;
 * @room: what the caller can take, -ENOSPC and @size what is needed.  Other errors as
 * of VMM_VM_GET_STATE.  May sleep.
 */
int vmm_vm_save(struct vmm_vm *vm, u64 room, void **data, u64 *size);

/*
 * @vm, which is paused, takes over @size bytes at @data.  0, or errors of
 * VMM_VM_SET_STATE with the record in @bad, and nothing changed.  @any_tsc: whatever
 * the frequency.  May sleep.
 */
int vmm_vm_load(struct vmm_vm *vm, const void *data, size_t size, bool any_tsc,
		struct vmm_stream_place *bad);

#endif
