/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets between processes of this host that have a file's name.  Who may speak
 * to whom is decided by the user id that the kernel gives of the other end.
 */
#ifndef VMCTL_LOCAL_H
#define VMCTL_LOCAL_H

#include <stdbool.h>

#include "lib/err.h"

/** local_listen() - a socket of @type (SOCK_STREAM, SOCK_SEQPACKET); or -1 */
int local_listen(const char *path, int type, struct err *err);

/**
 * local_connect() - to one that listens; or -1
 *
 * VMCTL_STATE if nobody does, whether or not the file is there.
 */
int local_connect(const char *path, int type, struct err *err);

/**
 * local_admit_unnamed() - for a process in a user namespace where only its own user has a
 * name: root has none there
 *
 * Who has none is allowed from now on.  It can only be root, and who has root's
 * rights: a socket that local_listen() made is connected to by its owner and by those
 * whom no file's mode holds.
 */
void local_admit_unnamed(void);

/** local_allowed() - whether the other end is this process's user, or root */
bool local_allowed(int fd);

#endif
