// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/out.h"

unsigned int out_utf8_len(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 :
			   *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0, i;

	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, surrogates, beyond the last */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void out_json_string(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int len;

	putchar('"');
	for (; *p; p += len ? len : 1) {
		len = out_utf8_len((const char *)p);
		if (!len)
			fputs("\xef\xbf\xbd", stdout);
		else if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			fwrite(p, 1, len, stdout);
	}
	putchar('"');
}

/* Control characters of ASCII and, as UTF-8, of ISO 6429; bytes of no character. */
static bool is_wild(const char *p, unsigned int len)
{
	const unsigned char *c = (const unsigned char *)p;

	return !len || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
}

void out_tame(char *text)
{
	unsigned int len;

	for (; *text; text += len) {
		len = out_utf8_len(text);
		if (!is_wild(text, len))
			continue;
		len = len ? len : 1;
		memset(text, '?', len);
	}
}
