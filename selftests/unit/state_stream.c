// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of records: written, checked, taken; and all that is no stream.
 */
#include <errno.h>
#include <stdbool.h>

#include "state_world.h"
#include "tap.h"

#define VCPUS	3

static struct vmm_stream_place bad;

/* In memory of exactly that size. */
static int check(const void *data, size_t size)
{
	void *exact = malloc(size ? size : 1);
	int ret;

	memcpy(exact, data, size);
	ret = vmm_stream_check(exact, size, &bad);
	free(exact);
	return ret;
}

static void test_write(void)
{
	struct vmm_stream_writer w = {}, small = {};
	size_t size, rest = 0;
	char *data = make_stream(VCPUS, &size), buf[64] = "";
	unsigned int i;

	tap_ok(size % 8 == 0 && check(data, size) == 0, "a stream, %zu bytes",
	       size);
	put_stream(&w, VCPUS);
	tap_ok(w.len == size && w.records == 7 + 9 * VCPUS + 1,
	       "its length without room");
	small.buf = buf;
	small.room = sizeof(buf) - 8;
	put_stream(&small, VCPUS);
	for (i = sizeof(buf) - 8; i < sizeof(buf); i++)
		rest += buf[i];
	tap_ok(small.len == size && !rest, "too little room: nothing beyond");
	free(data);
	data = make_stream(0, &size);
	tap_ok(check(data, size) == 0, "no vCPU");
	free(data);
}

static void test_take(void)
{
	struct vmm_stream_reader r = {};
	size_t size, before = 0;
	u32 len, instance, n;
	bool good = true;
	unsigned int i;

	r.data = make_stream(VCPUS, &size);
	for (i = 0; i < VMM_STREAM_VM_KINDS; i++) {
		const struct vmm_stream_kind *k = &vmm_stream_vm[i];

		vmm_stream_take(&r, k->type, &len, NULL);
		good &= r.at.type == k->type && r.at.offset == before &&
			len == k->fixed + UNITS * k->unit;
		before = r.pos;
	}
	tap_ok(good, "the VM's records");
	for (n = 0; n < VCPUS; n++) {
		for (i = 0; i < VMM_STREAM_VCPU_KINDS; i++) {
			const u8 *p = vmm_stream_take(&r, vmm_stream_vcpu[i].type,
						      &len, &instance);

			good &= instance == 2 * n &&
				p[len - 1] == (u8)vmm_stream_vcpu[i].type;
		}
	}
	tap_ok(good && r.pos + sizeof(struct vmm_state_record) +
	       sizeof(struct vmm_state_end) == size, "and the vCPUs'");
	free((void *)r.data);
}

static void test_cut(void)
{
	size_t size, n;
	char *data = make_stream(VCPUS, &size);
	unsigned long wrong = 0;

	for (n = 0; n < size; n++)
		wrong += check(data, n) != -EBADMSG;
	tap_ok(!wrong, "cut off at every byte");
	data = realloc(data, size + 16);
	memset(data + size, 0, 16);
	tap_ok(check(data, size + 1) == -EBADMSG &&
	       check(data, size + 16) == -EBADMSG, "something behind it");
	free(data);
}

/* Header @h says something else. */
static bool changed(char *data, size_t size, struct vmm_state_record *h,
		    struct vmm_state_record to)
{
	struct vmm_state_record was = *h;
	bool refused;

	*h = to;
	refused = check(data, size) == -EBADMSG;
	*h = was;
	return refused;
}

static void test_headers(void)
{
	unsigned long wrong = 0, records = 0, places = 0;
	struct vmm_state_record *h, to;
	size_t size, at;
	char *data = make_stream(VCPUS, &size);

	for (at = 0; at < size; at += sizeof(*h) + h->size, records++) {
		h = (void *)(data + at);
#define TRY(field, val) ({						\
		to = *h;						\
		to.field = (val);					\
		wrong += !changed(data, size, h, to);			\
		places += bad.offset != at; })
		TRY(type, h->type + 1);
		TRY(type, VMM_STATE_END - (h->type == VMM_STATE_END));
		TRY(version, 0);
		TRY(version, 2);
		TRY(flags, 1);
		TRY(size, h->size + 8);
		TRY(size, h->size ? h->size - 8 : ~0U);
		TRY(size, h->size + 1);
		TRY(size, 0xfffffff8);
		if (h->type < VMM_STATE_CPUID || h->type == VMM_STATE_END)
			TRY(instance, 1);
#undef TRY
	}
	/* A size that fits its type is seen at the record behind. */
	tap_ok(!wrong && records == 7 + 9 * VCPUS + 1 && places < 4 * records,
	       "headers");
	free(data);
}

static void test_order(void)
{
	size_t size;
	char *data = make_stream(VCPUS, &size);
	struct vmm_state_vm *vm = (void *)(data + sizeof(struct vmm_state_record));
	struct vmm_state_end *end = (void *)(data + size - sizeof(*end));
	struct vmm_state_record *h;
	u32 id;

	vm->magic++;
	tap_ok(check(data, size) == -EBADMSG && !bad.offset, "foreign");
	vm->magic--;
	vm->vcpus++;
	tap_ok(check(data, size) == -EBADMSG &&
	       bad.type == VMM_STATE_CPUID, "a vCPU lacks");
	vm->vcpus -= 2;
	tap_ok(check(data, size) == -EBADMSG && bad.type == VMM_STATE_END,
	       "one too many");
	vm->vcpus = ~0U;
	tap_ok(check(data, size) == -EBADMSG, "far too many");
	vm->vcpus = VCPUS;
	end->records++;
	tap_ok(check(data, size) == -EBADMSG, "their number");
	end->records--;
	end->bytes -= 8;
	tap_ok(check(data, size) == -EBADMSG, "their length");
	end->bytes += 8;
	tap_ok(check(data, size) == 0, "and all is well again");
	for (h = (void *)data; h->type != VMM_STATE_END;
	     h = (void *)((char *)(h + 1) + h->size)) {
		id = h->instance;
		h->instance = id == 2 ? 0 : id == 0 &&
			      h->type >= VMM_STATE_CPUID ? 2 : id;
	}
	tap_ok(check(data, size) == -EBADMSG, "ids in another order");
	free(data);
}

int main(void)
{
	test_write();
	test_take();
	test_cut();
	test_headers();
	test_order();
	return tap_done();
}
