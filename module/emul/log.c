// SPDX-License-Identifier: GPL-2.0
/*
 * The replay log: device accesses that a step has made before something stopped
 * it. The step runs again from its start and makes the same accesses in the same
 * order; those in the log are answered from it, so that each reaches its device
 * once. The log is empty between steps. A step that comes to other accesses
 * than the log holds is another one (the guest's memory or registers have
 * changed under it): the rest of the log is dropped.
 */
#include "exec.h"

/* The next entry if it is this access; what a write carried does not matter. */
static struct emul_access *replay(struct emul_ctxt *c,
				  const struct emul_access *key)
{
	struct emul_access *e;

	if (c->log_pos >= c->log_len)
		return NULL;
	e = &c->log[c->log_pos];
	if (e->addr == key->addr && e->len == key->len &&
	    e->count == key->count && e->pio == key->pio &&
	    e->write == key->write)
		return e;
	c->log_len = c->log_pos;
	return NULL;
}

/* Keeps an access that has happened, or that user space has to make. */
static void record(struct emul_ctxt *c, const struct emul_access *key,
		   const void *data, bool done)
{
	struct emul_access *e = &c->log[c->log_len++];

	e->addr = key->addr;
	e->count = key->count;
	e->len = key->len;
	e->pio = key->pio;
	e->write = key->write;
	e->done = done;
	if (key->count == 1 && (done || key->write))
		memcpy(e->data, data, key->len);
	if (done)
		c->log_pos = c->log_len;
}

static int settle(struct emul_ctxt *c, const struct emul_access *key,
		  const void *data, unsigned int flags, int rc)
{
	switch (rc) {
	case EMUL_OK:
		/* After the last access nothing makes the step run again. */
		if (!(key->write && (flags & EMUL_ACC_LAST)))
			record(c, key, data, true);
		return EMUL_OK;
	case EMUL_USER:
		record(c, key, data, false);
		return EMUL_USER;
	case EMUL_POSTED:
		if (!key->write || !(flags & EMUL_ACC_LAST))
			return emul_stop(c, "access posted before its turn");
		return EMUL_POSTED;
	default:
		return rc;
	}
}

/* EMUL_CONTINUE: not in the log, make the access. */
static int answer(struct emul_ctxt *c, const struct emul_access *key,
		  void *data)
{
	struct emul_access *e = replay(c, key);

	if (!e)
		return c->log_len < EMUL_LOG_MAX ? EMUL_CONTINUE :
			emul_stop(c, "too many device accesses in one step");
	if (!e->done)
		return EMUL_USER;
	c->log_pos++;
	if (!key->write && key->count == 1)
		memcpy(data, e->data, key->len);
	return EMUL_OK;
}

int emul_mmio(struct emul_ctxt *c, u64 gpa, void *data, unsigned int len,
	      bool write, unsigned int flags)
{
	struct emul_access key = {
		.addr = gpa, .count = 1, .len = len, .write = write,
	};
	struct emul_mmio io = {
		.gpa = gpa, .data = data, .len = len, .write = write,
		.flags = flags & EMUL_ACC_LAST,
	};
	int rc;

	if (!len || len > EMUL_DATA_MAX)
		return emul_stop(c, "device access of a strange length");
	rc = answer(c, &key, data);
	if (rc != EMUL_CONTINUE)
		return rc;
	return settle(c, &key, data, flags, c->ops->mmio(c, &io));
}

int emul_pio(struct emul_ctxt *c, struct emul_pio *io)
{
	struct emul_access key = {
		.addr = io->port, .count = io->count, .len = io->size,
		.pio = true, .write = !io->in,
	};
	int rc = answer(c, &key, io->data);

	if (rc != EMUL_CONTINUE)
		return rc;
	return settle(c, &key, io->data, io->flags, c->ops->pio(c, io));
}

struct emul_access *emul_pending(struct emul_ctxt *c)
{
	struct emul_access *e;

	if (!c->log_len)
		return NULL;
	e = &c->log[c->log_len - 1];
	return e->done ? NULL : e;
}

void emul_complete(struct emul_ctxt *c, const void *data)
{
	struct emul_access *e = emul_pending(c);

	if (!e)
		return;
	if (data && !e->write && e->count == 1)
		memcpy(e->data, data, e->len);
	e->done = true;
}
