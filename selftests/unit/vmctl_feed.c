// SPDX-License-Identifier: GPL-2.0
/*
 * What a child of a fork is fed: the moment arrives as it was sent, and whatever else comes, or
 * nothing any more, is refused.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/talk.h"
#include "tap.h"
#include "vm/feed.h"

#define STATE	100000

static char state[STATE];
static const struct snap_id id = { { 1, 2, 3 } };
static struct err err;
static struct feed f;
static int to, store, memory;

static void begin(void)
{
	store = feed_store(&err);
	if (store < 0 || feed_make(&f, store, &to, &err) ||
	    feed_fill(store, state, sizeof(state), &err))
		tap_ok(false, "no feed: %s", err.text);
}

static void end(void)
{
	feed_done(&f);
	if (to >= 0)
		close(to);
	if (f.fd >= 0)
		close(f.fd);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void check_good(void)
{
	begin();
	tap_ok(!feed_give(to, &id, memory, sizeof(state), &err) &&
	       !feed_take(&f, &err), "a moment is taken");
	tap_ok(same_file(f.memory, memory) && f.memory != memory &&
	       fcntl(f.memory, F_GETFD) == FD_CLOEXEC, "with its memory");
	tap_ok(f.state.len == sizeof(state) &&
	       !memcmp(f.state.data, state, sizeof(state)), "its state");
	tap_ok(snap_id_equal(&f.id, &id), "and its id");
	feed_done(&f);
	tap_ok(f.memory == -1 && !f.state.data, "which is forgotten");
	tap_ok(!feed_let_go(to, &err) && !feed_await(&f, &err) && f.fd == -1,
	       "it is let go");
	tap_ok(feed_let_go(to, &err) == -1 && err.code == VMCTL_FAILED,
	       "nobody is there to be let go twice");
	f.store = -1;
	end();
}

static void check_gone(void)
{
	begin();
	close(to);
	to = -1;
	tap_ok(feed_take(&f, &err) == -1 && strstr(err.text, "has gone"),
	       "who forks is killed: no moment");
	end();
	begin();
	feed_give(to, &id, memory, sizeof(state), &err);
	close(to);
	to = -1;
	tap_ok(!feed_take(&f, &err) && feed_await(&f, &err) == -1 &&
	       strstr(err.text, "has gone"), "or later: it is not let go");
	end();
}

static void check_nonsense(void)
{
	const struct talk_head head = {
		.magic = TALK_MAGIC, .version = TALK_VERSION, .verb = 1,
	};

	begin();
	feed_let_go(to, &err);
	tap_ok(feed_take(&f, &err) == -1, "let go before it was fed");
	end();
	begin();
	feed_give(to, &id, -1, sizeof(state), &err);
	tap_ok(feed_take(&f, &err) == -1, "no memory");
	end();
	begin();
	feed_give(to, &id, memory, sizeof(state) + 1, &err);
	tap_ok(feed_take(&f, &err) == -1 && strstr(err.text, "state"),
	       "less state than was said");
	end();
	begin();
	talk_send(to, &head, "x", 1, memory, 0);
	tap_ok(feed_take(&f, &err) == -1 && strstr(err.text, "nonsense"),
	       "something else");
	end();
	begin();
	tap_ok(send(to, "?", 1, 0) == 1 && feed_take(&f, &err) == -1,
	       "nothing of the protocol");
	end();
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(state); i++)
		state[i] = (char)(i * 7);
	memory = memfd_create("memory", 0);
	check_good();
	check_gone();
	check_nonsense();
	return tap_done();
}
