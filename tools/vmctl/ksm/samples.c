// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ksm/samples.h"

#define LINE_LEN	4096

/** struct table - a file that is read; @time: the place of time_ns; @wide: columns with it */
struct table {
	FILE *in;
	const char *name;
	size_t line;
	unsigned int time, wide;
};

static int bad(const struct table *t, struct err *err, const char *why)
{
	return err_set(err, VMCTL_FAILED, "%.200s: line %zu: %s", t->name, t->line,
		       why);
}

/* 1; 0: there is none; -1 */
static int next_line(struct table *t, char line[LINE_LEN], struct err *err)
{
	size_t len;

	if (!fgets(line, LINE_LEN, t->in)) {
		if (!ferror(t->in))
			return 0;
		return err_set(err, VMCTL_FAILED, "%.200s: cannot read: %s",
			       t->name, strerror(errno));
	}
	t->line++;
	len = strlen(line);
	if (len == LINE_LEN - 1 && line[len - 1] != '\n')
		return bad(t, err, "too long");
	line[strcspn(line, "\r\n")] = 0;
	return 1;
}

static bool is_name(const char *word)
{
	size_t len = strlen(word);

	return len && len < SAMPLES_NAME &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_.-") == len;
}

static int take_names(struct samples *s, struct table *t, char *line,
		      struct err *err)
{
	bool timed = false;
	char *word;

	for (; (word = strsep(&line, ",")); t->wide++) {
		if (!is_name(word))
			return bad(t, err, "no name of a column");
		if (!strcmp(word, "time_ns")) {
			if (timed)
				return bad(t, err, "time_ns twice");
			timed = true;
			t->time = t->wide;
			continue;
		}
		if (s->columns == SAMPLES_COLUMNS)
			return bad(t, err, "more columns than can be");
		memcpy(s->name[s->columns++], word, strlen(word) + 1);
	}
	return timed ? 0 : bad(t, err, "no column time_ns");
}

static int make_room(struct samples *s, struct table *t, struct err *err)
{
	size_t room = s->room ? 2 * s->room : 256;
	unsigned int i;
	void *more;

	if (s->count < s->room)
		return 0;
	if (s->count >= SAMPLES_MOST)
		return bad(t, err, "more lines than can be");
	more = realloc(s->time_ns, room * sizeof(*s->time_ns));
	if (!more)
		return err_set(err, VMCTL_FAILED, "out of memory");
	s->time_ns = more;
	for (i = 0; i < s->columns; i++) {
		more = realloc(s->value[i], room * sizeof(*s->value[i]));
		if (!more)
			return err_set(err, VMCTL_FAILED, "out of memory");
		s->value[i] = more;
	}
	s->room = room;
	return 0;
}

static int take_time(struct samples *s, struct table *t, const char *word,
		     struct err *err)
{
	char *end;
	uint64_t ns;

	errno = 0;
	ns = strtoull(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || errno)
		return bad(t, err, "no time");
	if (s->count && ns < s->time_ns[s->count - 1])
		return bad(t, err, "before the line before");
	s->time_ns[s->count] = ns;
	return 0;
}

static int take_value(double *value, struct table *t, const char *word,
		      struct err *err)
{
	char *end;

	*value = NAN;
	if (!*word)
		return 0;
	if (strspn(word, "0123456789.-") != strlen(word))
		return bad(t, err, "no number");
	*value = strtod(word, &end);
	return *end || !isfinite(*value) ? bad(t, err, "no number") : 0;
}

static int take_line(struct samples *s, struct table *t, char *line,
		     struct err *err)
{
	unsigned int n = 0, column = 0;
	char *word;
	int ret;

	if (make_room(s, t, err))
		return -1;
	for (; (word = strsep(&line, ",")); n++) {
		if (n == t->wide)
			return bad(t, err, "more values than names");
		if (n == t->time)
			ret = take_time(s, t, word, err);
		else
			ret = take_value(&s->value[column++][s->count], t, word,
					 err);
		if (ret)
			return -1;
	}
	if (n < t->wide)
		return bad(t, err, "fewer values than names");
	s->count++;
	return 0;
}

int samples_read(struct samples *s, FILE *in, const char *name, struct err *err)
{
	struct table t = { .in = in, .name = name };
	char line[LINE_LEN];
	int ret;

	memset(s, 0, sizeof(*s));
	ret = next_line(&t, line, err);
	if (!ret)
		return err_set(err, VMCTL_FAILED, "%.200s: is empty", name);
	if (ret < 0 || take_names(s, &t, line, err))
		return -1;
	while ((ret = next_line(&t, line, err)) > 0)
		if (*line && take_line(s, &t, line, err))
			return -1;
	return ret;
}

int samples_open(struct samples *s, const char *path, struct err *err)
{
	FILE *in = fopen(path, "re");
	int ret;

	memset(s, 0, sizeof(*s));
	if (!in)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%.200s: cannot open: %s", path, strerror(errno));
	ret = samples_read(s, in, path, err);
	fclose(in);
	return ret;
}

void samples_free(struct samples *s)
{
	unsigned int i;

	for (i = 0; i < s->columns; i++)
		free(s->value[i]);
	free(s->time_ns);
	memset(s, 0, sizeof(*s));
}
