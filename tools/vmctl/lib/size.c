// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/size.h"

static int digits(const char **text, int base, uint64_t *value)
{
	char *end;

	/* strtoull() would take a sign and leading space */
	if (!strchr("0123456789", **text) || !**text)
		return -1;
	errno = 0;
	*value = strtoull(*text, &end, base);
	if (errno)
		return -1;
	*text = end;
	return 0;
}

int size_parse(const char *text, uint64_t *size)
{
	static const char units[] = "KMGT";
	unsigned int shift = 0;
	const char *unit;
	uint64_t value;

	if (digits(&text, 10, &value))
		return -1;
	if (*text) {
		unit = strchr(units, *text >= 'a' ? *text - 'a' + 'A' : *text);
		if (unit) {
			shift = 10 * (unsigned int)(unit - units + 1);
			text++;
		}
		if (*text && strcasecmp(text, "B") && strcasecmp(text, "iB"))
			return -1;
	}
	if (value > UINT64_MAX >> shift)
		return -1;
	*size = value << shift;
	return 0;
}

const char *size_text(char buf[SIZE_TEXT_LEN], uint64_t size)
{
	static const char units[] = "\0KMGT";
	unsigned int i = 0;

	while (size && !(size & 1023) && i < 4) {
		size >>= 10;
		i++;
	}
	snprintf(buf, SIZE_TEXT_LEN, "%llu%.1s", (unsigned long long)size,
		 &units[i]);
	return buf;
}

const char *size_about(char buf[SIZE_TEXT_LEN], uint64_t size)
{
	static const char units[] = "\0KMGT";
	unsigned int i = 0, shift;
	uint64_t tenths;

	while (i < 4 && size >> (10 * (i + 1)))
		i++;
	shift = 10 * i;
	/* 1023.96M would be 1024M */
	if (i < 4 && (size + (1ULL << shift >> 1)) >> shift == 1024)
		shift = 10 * ++i;
	/* ten units have no fraction */
	tenths = (size >> shift) * 10 +
		 (((size & ((1ULL << shift) - 1)) * 10 + (1ULL << shift >> 1)) >> shift);
	if (tenths >= 100 || !(tenths % 10))
		snprintf(buf, SIZE_TEXT_LEN, "%llu%.1s",
			 (unsigned long long)(tenths + (tenths >= 100 ? 5 : 0)) / 10,
			 &units[i]);
	else
		snprintf(buf, SIZE_TEXT_LEN, "%llu.%llu%.1s",
			 (unsigned long long)tenths / 10,
			 (unsigned long long)tenths % 10, &units[i]);
	return buf;
}

int uint_parse(const char *text, uint64_t *value)
{
	int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		base = 16;
	if (digits(&text, base, value))
		return -1;
	return *text ? -1 : 0;
}

int seconds_parse(const char *text, uint64_t *ns)
{
	uint64_t seconds, scale = 1000000000, part = 0;

	if (digits(&text, 10, &seconds) || seconds > UINT32_MAX)
		return -1;
	if (*text == '.') {
		if (!*++text)
			return -1;
		for (; *text >= '0' && *text <= '9'; text++) {
			scale /= 10;
			part += scale * (uint64_t)(*text - '0');
		}
	}
	if (*text)
		return -1;
	*ns = seconds * 1000000000 + part;
	return 0;
}

const char *seconds_text(char buf[SIZE_TEXT_LEN], uint64_t ns)
{
	int len;

	len = snprintf(buf, SIZE_TEXT_LEN, "%llu.%09llu",
		       (unsigned long long)(ns / 1000000000),
		       (unsigned long long)(ns % 1000000000));
	while (buf[len - 1] == '0')
		buf[--len] = 0;
	if (buf[len - 1] == '.')
		buf[--len] = 0;
	return buf;
}
