// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vm/scroll.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void scroll_put(struct scroll *s, const uint8_t *data, size_t len)
{
	size_t at, first;

	/* of more than fits, only the last bytes would stay */
	if (len > s->size) {
		s->end += len - s->size;
		data += len - s->size;
		len = s->size;
	}
	at = (size_t)(s->end % s->size);
	first = least(len, s->size - at);
	memcpy(s->buf + at, data, first);
	memcpy(s->buf, data + first, len - first);
	s->end += len;
}

size_t scroll_get(const struct scroll *s, uint64_t *at, uint8_t *data,
		  size_t len)
{
	size_t from, first;

	if (*at < scroll_start(s))
		*at = scroll_start(s);
	if (*at > s->end)
		*at = s->end;
	if (len > s->end - *at)
		len = (size_t)(s->end - *at);
	from = (size_t)(*at % s->size);
	first = least(len, s->size - from);
	memcpy(data, s->buf + from, first);
	memcpy(data + first, s->buf, len - first);
	return len;
}
