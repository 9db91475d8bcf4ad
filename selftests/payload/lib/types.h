/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.h: the integer names and the few macros that every payload uses.
 * Payloads are freestanding: nothing but the compiler's own headers.
 */
#ifndef PAYLOAD_TYPES_H
#define PAYLOAD_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ull << (n))
#define MASK(hi, lo)	((~0ull >> (63 - (hi))) & (~0ull << (lo)))
#define KIB(n)		((u64)(n) << 10)
#define MIB(n)		((u64)(n) << 20)
#define GIB(n)		((u64)(n) << 30)
#define PAGE_SIZE	4096ul
#define __aligned(n)	__attribute__((aligned(n)))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __noreturn	__attribute__((noreturn))
#define __unused	__attribute__((__unused__))
static inline void barrier(void)
{
	asm volatile("" ::: "memory");
}

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#endif
