// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vm/console_feed.h"

void console_feed_init(struct console_feed *feed,
		       const struct console_feed_ops *ops)
{
	memset(feed, 0, sizeof(*feed));
	feed->ops = ops;
}

void console_feed_attach(struct console_feed *feed, unsigned int flags,
			 struct console_attach *attach)
{
	*attach = (struct console_attach){
		.magic = CONSOLE_MAGIC,
		.version = CONSOLE_VERSION,
		.flags = (uint16_t)flags,
	};
	if (feed->run) {
		attach->flags |= CONSOLE_RESUME;
		attach->run = feed->run;
		attach->offset = feed->at;
	}
	feed->attached = false;
	feed->in_body = false;
	feed->have = 0;
}

static int nonsense(struct err *err)
{
	return err_set(err, VMCTL_FAILED,
		       "console: an answer that cannot be understood; try: the vmctl that started it");
}

/* The first byte of @feed's run that comes is at @offset. */
static int move_to(struct console_feed *feed, uint64_t offset, struct err *err)
{
	if (offset < feed->at || offset > UINT64_MAX - CONSOLE_MAX_FRAME)
		return nonsense(err);
	if (offset > feed->at)
		feed->ops->lost(feed, offset - feed->at);
	feed->at = offset;
	return 0;
}

static int take_head(struct console_feed *feed, struct err *err)
{
	const struct console_frame *f = &feed->frame;
	bool hello = f->type == CONSOLE_HELLO;

	if (f->zero || f->len > CONSOLE_MAX_FRAME || feed->ended ||
	    f->type < CONSOLE_HELLO || f->type > CONSOLE_REFUSED ||
	    (hello && f->len != sizeof(uint64_t)))
		return nonsense(err);
	/* HELLO or REFUSED comes first, and neither later */
	if (feed->attached == (hello || f->type == CONSOLE_REFUSED))
		return nonsense(err);
	return f->type == CONSOLE_DATA ? move_to(feed, f->offset, err) : 0;
}

static int take_hello(struct console_feed *feed, struct err *err)
{
	uint64_t run;

	memcpy(&run, feed->body, sizeof(run));
	if (!run)
		return nonsense(err);
	/* of another run nothing has been seen, and so nothing missed */
	if (feed->run != run)
		feed->at = feed->frame.offset;
	feed->run = run;
	feed->attached = true;
	return move_to(feed, feed->frame.offset, err);
}

/* A whole frame has come; of DATA, all has been handed on. */
static int take_body(struct console_feed *feed, struct err *err)
{
	feed->body[feed->frame.len] = 0;
	switch (feed->frame.type) {
	case CONSOLE_HELLO:
		return take_hello(feed, err);
	case CONSOLE_REFUSED:
		return err_set(err, VMCTL_FAILED, "console: %.400s",
			       feed->body);
	case CONSOLE_END:
		feed->ended = true;
		/* fall through */
	case CONSOLE_READER:
		feed->ops->word(feed, (enum console_type)feed->frame.type,
				feed->body);
		return 0;
	default:
		return 0;
	}
}

/* Takes up to @len bytes of the part that is coming; how many */
static size_t take_part(struct console_feed *feed, const uint8_t *data,
			size_t len)
{
	size_t whole = feed->in_body ? feed->frame.len : sizeof(feed->frame);

	if (len > whole - feed->have)
		len = whole - feed->have;
	if (!feed->in_body) {
		memcpy((char *)&feed->frame + feed->have, data, len);
	} else if (feed->frame.type != CONSOLE_DATA) {
		memcpy(feed->body + feed->have, data, len);
	} else if (len) {
		feed->at += len;
		feed->ops->data(feed, data, len);
	}
	feed->have += len;
	return len;
}

/* Ends parts that are whole; an empty body is so at once. */
static int turn(struct console_feed *feed, struct err *err)
{
	if (!feed->in_body) {
		if (feed->have < sizeof(feed->frame))
			return 0;
		if (take_head(feed, err))
			return -1;
		feed->in_body = true;
		feed->have = 0;
	}
	if (feed->have < feed->frame.len)
		return 0;
	feed->in_body = false;
	feed->have = 0;
	return take_body(feed, err);
}

int console_feed_take(struct console_feed *feed, const uint8_t *data,
		      size_t len, struct err *err)
{
	size_t n;

	while (len) {
		n = take_part(feed, data, len);
		data += n;
		len -= n;
		if (turn(feed, err))
			return -1;
	}
	return 0;
}
