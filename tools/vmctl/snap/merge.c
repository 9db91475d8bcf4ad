// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "lib/container.h"
#include "snap/merge.h"

/* ---- one of them ------------------------------------------------------------------ */

static int next_frame(struct merge_input *in, struct err *err)
{
	int ret = snap_read_frame(&in->reader, err);

	in->live = ret > 0;
	in->run = 0;
	in->within = 0;
	in->data = 0;
	return ret < 0 ? -1 : 0;
}

static const struct snap_frame *frame_of(const struct merge_input *in)
{
	return &in->reader.frames.frame;
}

static const struct snap_run *run_of(const struct merge_input *in)
{
	return &frame_of(in)->run[in->run];
}

static uint64_t page_of(const struct merge_input *in)
{
	return run_of(in)->page + in->within;
}

static uint32_t left_of(const struct merge_input *in)
{
	return run_of(in)->count - in->within;
}

/* Lets at most @count pages pass, of one run. */
static int pass(struct merge_input *in, uint64_t count, struct err *err)
{
	bool zero = run_of(in)->zero;

	if (count < left_of(in)) {
		in->within += (uint32_t)count;
		in->data += zero ? 0 : count;
		return 0;
	}
	in->data += zero ? 0 : left_of(in);
	in->within = 0;
	if (++in->run < frame_of(in)->nr_runs)
		return 0;
	return next_frame(in, err);
}

/* All up to @page of @object. */
static int pass_to(struct merge_input *in, uint32_t object, uint64_t page,
		   struct err *err)
{
	while (in->live && frame_of(in)->object == object &&
	       page_of(in) < page)
		if (pass(in, page - page_of(in), err))
			return -1;
	return 0;
}

/* ---- side by side ------------------------------------------------------------------- */

/* Whether the next page of @a is before that of @b: < 0, 0, > 0 */
static int compare(const struct merge_input *a, const struct merge_input *b)
{
	uint32_t x = frame_of(a)->object, y = frame_of(b)->object;

	if (x != y)
		return x < y ? -1 : 1;
	return page_of(a) < page_of(b) ? -1 : page_of(a) > page_of(b);
}

/* The first page of all, in the last file that has it. */
static struct merge_input *first(struct merge *m)
{
	struct merge_input *found = NULL, *in;

	for (in = m->input; in < m->input + m->count; in++)
		if (in->live && (!found || compare(in, found) <= 0))
			found = in;
	return found;
}

/* How many pages, from that on, no later file has. */
static uint64_t unchanged(const struct merge *m, const struct merge_input *from)
{
	uint64_t count = left_of(from);
	const struct merge_input *in;

	for (in = from + 1; in < m->input + m->count; in++)
		if (in->live && frame_of(in)->object == frame_of(from)->object &&
		    page_of(in) < page_of(from) + count)
			count = page_of(in) - page_of(from);
	return count;
}

static void how_far(struct merge *m)
{
	struct merge_input *in;

	m->source.done = 0;
	for (in = m->input; in < m->input + m->count; in++)
		m->source.done += in->reader.in.at;
}

/*
 * What was given last stays where it is until this call: then all files pass it, those
 * that gave it and those with older pages of the same places.
 */
static int pass_last(struct merge *m, struct err *err)
{
	unsigned int i;

	for (i = 0; i < m->count && m->given.count; i++)
		if (pass_to(&m->input[i], m->given.object,
			    m->given.page + m->given.count, err))
			return -1;
	m->given.count = 0;
	return 0;
}

static int next_chunk(struct snap_source *source, struct snap_chunk *c,
		      struct err *err)
{
	struct merge *m = container_of(source, struct merge, source);
	const struct merge_input *in;

	if (pass_last(m, err))
		return -1;
	how_far(m);
	in = first(m);
	if (!in)
		return 0;
	*c = (struct snap_chunk){
		.object = frame_of(in)->object, .page = page_of(in),
		.count = unchanged(m, in),
	};
	if (!run_of(in)->zero)
		c->data = frame_of(in)->data + in->data * SNAP_PAGE_SIZE;
	m->given = *c;
	return 1;
}

/* ---- all of them --------------------------------------------------------------------- */

int merge_fits(const struct snap_about *before, const struct snap_about *next,
	       const char *name, struct err *err)
{
	char parent[SNAP_ID_TEXT], id[SNAP_ID_TEXT];

	if (!about_incremental(next))
		return err_set(err, VMCTL_FAILED,
			       "%.200s: no increment but a whole snapshot, which cannot follow another",
			       name);
	if (!snap_id_equal(&next->parent, &before->id))
		return err_set(err, VMCTL_FAILED,
			       "%.200s: an increment on %s, not on %s, which is before it",
			       name, snap_id_text(parent, &next->parent),
			       snap_id_text(id, &before->id));
	if (next->nr_objects != before->nr_objects ||
	    memcmp(next->object, before->object,
		   next->nr_objects * sizeof(next->object[0])))
		return err_set(err, VMCTL_FAILED,
			       "%.200s: has memory of another size than what it is an increment on",
			       name);
	return 0;
}

static int open_all(struct merge *m, char **paths, unsigned int count,
		    struct err *err)
{
	struct merge_input *in;

	for (; m->count < count; m->count++) {
		in = &m->input[m->count];
		if (snap_read_begin(&in->reader, paths[m->count], true, err)) {
			snap_read_close(&in->reader);
			return -1;
		}
		m->source.total += in->reader.size;
		if (m->count && merge_fits(&in[-1].reader.about,
					   &in->reader.about,
					   in->reader.in.name, err)) {
			snap_read_close(&in->reader);
			return -1;
		}
	}
	for (in = m->input; in < m->input + count; in++)
		if (next_frame(in, err))
			return -1;
	return 0;
}

int merge_open(struct merge *m, char **paths, unsigned int count,
	       struct err *err)
{
	*m = (struct merge){ .source.next = next_chunk };
	if (count > MERGE_MAX)
		return err_set(err, VMCTL_USAGE,
			       "%u files: at most %u can be merged at once, and the result with others",
			       count, MERGE_MAX);
	m->input = calloc(count, sizeof(*m->input));
	if (!m->input)
		return err_set(err, VMCTL_FAILED, "out of memory");
	return open_all(m, paths, count, err);
}

void merge_close(struct merge *m)
{
	while (m->count)
		snap_read_close(&m->input[--m->count].reader);
	free(m->input);
	m->input = NULL;
}

/* It is the last moment, told from where the first was told from. */
static int write_merged(struct merge *m, struct snap_writer *w,
			struct snap_watcher *watcher, struct err *err)
{
	struct snap_about about = m->input[m->count - 1].reader.about;

	about.parent = m->input[0].reader.about.parent;
	return snap_write_about(w, &about, err) ?:
	       snap_copy(&m->source, w, watcher, err);
}

int merge_files(char **paths, unsigned int count, const char *out,
		struct snap_watcher *watcher, struct err *err)
{
	struct snap_writer w;
	struct merge m;
	int ret;

	ret = merge_open(&m, paths, count, err) ?:
	      snap_write_begin(&w, out, err);
	if (!ret) {
		ret = write_merged(&m, &w, watcher, err);
		if (ret)
			snap_write_give_up(&w);
		else
			ret = snap_write_end(&w, err);
	}
	merge_close(&m);
	return ret;
}
