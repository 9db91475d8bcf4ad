// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "snap/file.h"

static int open_file(struct snap_reader *r, const char *path, struct err *err)
{
	struct stat st;
	int fd;

	r->named = strcmp(path, "-");
	fd = r->named ? open(path, O_RDONLY | O_CLOEXEC) :
		       fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%.200s: cannot open: %s", path, strerror(errno));
	r->in.fd = fd;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		r->size = (uint64_t)st.st_size;
	return 0;
}

int snap_read_begin(struct snap_reader *r, const char *path, bool unpack,
		    struct err *err)
{
	memset(r, 0, sizeof(*r));
	r->in.fd = -1;
	if (open_file(r, path, err))
		return -1;
	return section_in_begin(&r->in, r->in.fd, r->named ? path : "standard input",
				err) ||
	       about_read(&r->about, &r->in, err) ||
	       frame_reader_init(&r->frames, unpack, err) ? -1 : 0;
}

static int take_end(struct snap_reader *r, struct err *err)
{
	const uint8_t *p = r->in.data;

	r->totals.sections = r->in.count - 1;
	if (get64(p + END_SECTIONS) != r->totals.sections ||
	    get64(p + END_PAGES) != r->totals.pages ||
	    get64(p + END_ZERO) != r->totals.zero)
		return section_bad(&r->in, 0, err,
				   "an end behind %" PRIu64 " sections and %" PRIu64
				   " pages, where %" PRIu64 " and %" PRIu64 " were",
				   get64(p + END_SECTIONS), get64(p + END_PAGES),
				   r->totals.sections, r->totals.pages);
	r->totals.bytes = r->in.at;
	return section_over(&r->in, err);
}

int snap_read_frame(struct snap_reader *r, struct err *err)
{
	if (section_read(&r->in, err))
		return -1;
	if (r->in.type == SNAP_END)
		return take_end(r, err);
	if (r->in.type != SNAP_PAGES)
		return section_bad(&r->in, 0, err,
				   "a section '%.4s' where pages must be",
				   (const char *)&r->in.type);
	if (frame_take(&r->frames, &r->in, &r->about, err))
		return -1;
	r->totals.pages += r->frames.frame.pages;
	r->totals.zero += r->frames.frame.zero;
	r->totals.bytes = r->in.at;
	return 1;
}

void snap_read_close(struct snap_reader *r)
{
	frame_reader_fini(&r->frames);
	about_free(&r->about);
	section_in_end(&r->in);
	if (r->in.fd >= 0)
		close(r->in.fd);
	r->in.fd = -1;
}
