// SPDX-License-Identifier: GPL-2.0
/*
 * Decoder fuzzer: lengths against Zydis, on random and on mutated instructions
 * in every mode. Wherever Zydis takes the bytes for an instruction the decoder
 * has to say the same length.
 *
 *	emul_length [COUNT [SEED]]
 *
 * test: timeout: 300
 *
 * A case that Zydis rejects is counted and not compared, but the decoder must
 * still keep to its own rules: no length over 15, none beyond the bytes it had,
 * and the same answer when it gets exactly that many bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "emul/emul.h"

struct mode {
	const char *name;
	unsigned int mode;
	ZydisMachineMode machine;
	ZydisStackWidth stack;
	bool amd;
};

static const struct mode modes[] = {
	{ "long64", EMUL_MODE_LONG64, ZYDIS_MACHINE_MODE_LONG_64,
	  ZYDIS_STACK_WIDTH_64, false },
	{ "long64-amd", EMUL_MODE_LONG64 | EMUL_MODE_AMD,
	  ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64, true },
	{ "prot32", EMUL_MODE_PROT32, ZYDIS_MACHINE_MODE_LEGACY_32,
	  ZYDIS_STACK_WIDTH_32, false },
	{ "compat32", EMUL_MODE_PROT32, ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
	  ZYDIS_STACK_WIDTH_32, false },
	{ "prot16", EMUL_MODE_PROT16, ZYDIS_MACHINE_MODE_LEGACY_16,
	  ZYDIS_STACK_WIDTH_16, false },
	{ "real", EMUL_MODE_REAL, ZYDIS_MACHINE_MODE_REAL_16,
	  ZYDIS_STACK_WIDTH_16, false },
	{ "vm86", EMUL_MODE_VM86, ZYDIS_MACHINE_MODE_REAL_16,
	  ZYDIS_STACK_WIDTH_16, false },
};

#define NR_MODES (sizeof(modes) / sizeof(modes[0]))
#define BYTES 20

static ZydisDecoder decoders[NR_MODES];
static uint64_t rng_state;

static uint64_t rnd(void)
{
	uint64_t z = (rng_state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static void fill(uint8_t *buf, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		buf[i] = rnd();
}

/* Prefixes, an opcode out of some map, then noise. */
static void structured(uint8_t *buf)
{
	static const uint8_t pfx[] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x3e, 0x64, 0x65, 0x26, 0x36,
	};
	unsigned int n = 0, i, k;
	uint64_t r = rnd();

	fill(buf, BYTES);
	k = r % 16 < 8 ? 0 : r % 16 < 15 ? r % 4 : r % 14;
	r >>= 8;
	for (i = 0; i < k; i++, r >>= 4)
		buf[n++] = pfx[(r & 15) % sizeof(pfx)];
	r = rnd();
	if (r & 1)
		buf[n++] = 0x40 | ((r >> 8) & 15);
	switch ((r >> 1) & 15) {
	case 0: case 1: case 2: case 3: case 4:
		buf[n] = 0x0f;
		break;
	case 5:
		buf[n++] = 0x0f;
		buf[n] = 0x38;
		break;
	case 6:
		buf[n++] = 0x0f;
		buf[n] = 0x3a;
		break;
	case 7:
		buf[n] = 0xc4;
		break;
	case 8:
		buf[n] = 0xc5;
		break;
	case 9:
		buf[n] = 0x62;
		break;
	case 10:
		buf[n] = 0x8f;
		break;
	case 11:
		buf[n++] = 0x0f;
		buf[n] = 0x0f;
		break;
	}
}

static void mutate(uint8_t *buf)
{
	unsigned int n = 1 + rnd() % 3;

	while (n--) {
		uint64_t r = rnd();

		switch (r & 3) {
		case 0:
			buf[(r >> 8) % 8] ^= 1 << ((r >> 16) & 7);
			break;
		case 1:
			buf[(r >> 8) % 8] = r >> 16;
			break;
		case 2:
			memmove(buf + 1, buf, BYTES - 1);
			buf[0] = r >> 16;
			break;
		default:
			memmove(buf, buf + 1, BYTES - 1);
			buf[BYTES - 1] = r >> 16;
		}
	}
}

static void show(const struct mode *mode, const uint8_t *buf, int zydis,
		 int ours, const char *what)
{
	unsigned int i;

	printf("%s: %-10s zydis %d ours %d:", what, mode->name, zydis, ours);
	for (i = 0; i < 16; i++)
		printf(" %02x", buf[i]);
	printf("\n");
}

/* What holds whether or not Zydis knows the instruction. */
static bool sane(const uint8_t *buf, const struct mode *mode, int len)
{
	uint8_t exact[EMUL_MAX_LEN];

	if (len < 0)
		return len >= EMUL_DEC_BAD && len != EMUL_DEC_MORE;
	if (len == 0 || len > EMUL_MAX_LEN)
		return false;
	memcpy(exact, buf, len);
	if (emul_insn_len(exact, len, mode->mode) != len)
		return false;
	return emul_insn_len(exact, len - 1, mode->mode) == EMUL_DEC_MORE;
}

/*
 * Where Zydis stands alone: it always knows the mask branches of the first Xeon
 * Phi (VEX 0F 74, 75, 84, 85 with a displacement and no ModRM), which no
 * processor with virtualization has. Elsewhere those encodings are undefined,
 * and Capstone rejects them.
 */
static bool foreign(const ZydisDecodedInstruction *zi)
{
	return zi->mnemonic == ZYDIS_MNEMONIC_JKZD ||
	       zi->mnemonic == ZYDIS_MNEMONIC_JKNZD;
}

/* Returns 1 if compared, 0 if Zydis rejects it, -1 on a difference. */
static int compare(const uint8_t *buf, unsigned int m)
{
	const struct mode *mode = &modes[m];
	ZydisDecodedInstruction zi;
	int len = emul_insn_len(buf, BYTES, mode->mode);

	if (!sane(buf, mode, len)) {
		show(mode, buf, 0, len, "insane");
		return -1;
	}
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoders[m], NULL, buf,
							BYTES, &zi)))
		return 0;
	if (foreign(&zi))
		return 0;
	if (len != zi.length) {
		show(mode, buf, zi.length, len, "length");
		printf("\t%s\n", ZydisMnemonicGetString(zi.mnemonic));
		return -1;
	}
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uint64_t i, compared = 0, bad = 0;
	uint8_t buf[BYTES] = { 0 };
	unsigned int m;
	int rc;

	rng_state = seed;
	for (m = 0; m < NR_MODES; m++) {
		ZydisDecoderInit(&decoders[m], modes[m].machine, modes[m].stack);
		ZydisDecoderEnableMode(&decoders[m],
				       ZYDIS_DECODER_MODE_AMD_BRANCHES,
				       modes[m].amd);
	}
	for (i = 0; i < count && bad < 40; i++) {
		if (i % 4 == 0)
			fill(buf, BYTES);
		else if (i % 4 == 1)
			structured(buf);
		else
			mutate(buf);
		rc = compare(buf, i % NR_MODES);
		compared += rc > 0;
		bad += rc < 0;
	}
	printf("emul_length: seed %" PRIu64 ": %" PRIu64 " cases, %" PRIu64
	       " compared, %" PRIu64 " differences\n", seed, i, compared, bad);
	return bad || !compared;
}
