/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that may be stuck in a system call: a kick gets them out.
 *
 * The signals that an operator sends are blocked in all threads (the main loop
 * reads them from a file), and so is the kick, but in threads that ask for it.  A
 * kick that comes just before the system call would be lost, so thread_join()
 * repeats it.
 */
#ifndef VMCTL_THREAD_H
#define VMCTL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/** thread_block_signals() - first of all, in the main thread. */
void thread_block_signals(void);
/** thread_name() - of the caller; another's takes a file of /proc */
void thread_name(const char *name);
/**
 * thread_start() - with a stack that is enough for all of ours, and small beside others' mappings
 *
 * What a process maps near each other takes fewer page tables.  0 or an errno.
 */
int thread_start(pthread_t *thread, void *(*body)(void *arg), void *arg);
/** thread_allow_kick() - in the thread that is to be kicked. */
void thread_allow_kick(void);
/** thread_forbid_kick() - likewise, until it is allowed again; it is not lost. */
void thread_forbid_kick(void);
void thread_kick(pthread_t thread);
/** thread_join_for() - kicks once and waits @ms; whether it has ended. */
bool thread_join_for(pthread_t thread, unsigned int ms);
/** thread_join() - kicks until it has ended. */
void thread_join(pthread_t thread);

#endif
