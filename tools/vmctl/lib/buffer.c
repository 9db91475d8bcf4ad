// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "lib/buffer.h"

#define FIRST_ROOM	4096

static int make_room(struct bytes *bytes, size_t len)
{
	size_t room = bytes->room ? bytes->room : FIRST_ROOM;
	uint8_t *data;

	if (len > SIZE_MAX / 2 - bytes->len)
		return -1;
	if (bytes->room - bytes->len >= len)
		return 0;
	while (room - bytes->len < len)
		room *= 2;
	data = realloc(bytes->data, room);
	if (!data)
		return -1;
	bytes->data = data;
	bytes->room = room;
	return 0;
}

void *bytes_extend(struct bytes *bytes, size_t len)
{
	void *at;

	if (make_room(bytes, len))
		return NULL;
	at = bytes->data + bytes->len;
	memset(at, 0, len);
	bytes->len += len;
	return at;
}

int bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	void *at = bytes_extend(bytes, len);

	if (!at)
		return -1;
	if (len)
		memcpy(at, data, len);
	return 0;
}

void bytes_fini(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}
