/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The snapshot file: what is where, and how much of it there may be.
 * Documentation/snapshot-format.rst tells it to people.  All numbers are little-endian;
 * offsets are within a section's content.
 */
#ifndef VMCTL_SNAP_FORMAT_H
#define VMCTL_SNAP_FORMAT_H

#define SNAP_SIGNATURE		"\211VMSNAP\n"
#define SNAP_SIGNATURE_SIZE	8
#define SNAP_VERSION		1
#define SNAP_PAGE_SIZE		4096

/* A section: its type, flags, the size of its content, and the sum. */
#define SECTION_TYPE		0
#define SECTION_FLAGS		4
#define SECTION_SIZE		8
#define SECTION_SUM		16
#define SECTION_HEADER		24
#define SECTION_SUMMED		SECTION_SUM	/* of the header */

#define SECTION_OPTIONAL	1	/* who does not know it passes over it */

#define SNAP_TYPE(a, b, c, d)	((a) | (b) << 8 | (c) << 16 | (unsigned int)(d) << 24)
#define SNAP_HEAD		SNAP_TYPE('H', 'E', 'A', 'D')
#define SNAP_CPU		SNAP_TYPE('C', 'P', 'U', ' ')
#define SNAP_CONF		SNAP_TYPE('C', 'O', 'N', 'F')
#define SNAP_MAP		SNAP_TYPE('M', 'A', 'P', ' ')
#define SNAP_STATE		SNAP_TYPE('S', 'T', 'A', 'T')
#define SNAP_PAGES		SNAP_TYPE('P', 'A', 'G', 'E')
#define SNAP_END		SNAP_TYPE('E', 'N', 'D', ' ')

/* HEAD */
#define HEAD_VERSION		0	/* u32 */
#define HEAD_PAGE_SIZE		4	/* u32 */
#define HEAD_ID			8	/* 16 bytes */
#define HEAD_PARENT		24	/* likewise; zero: none */
#define HEAD_TIME		40	/* u64, nanoseconds since 1970 */
#define HEAD_BACKEND		48	/* 16 characters, zeroes behind */
#define HEAD_NAME		64	/* 64 characters, zeroes behind */
#define HEAD_SIZE		128

/* CPU: a list of these */
#define CPUID_LEAF		0	/* u32, as are the next */
#define CPUID_SUBLEAF		4
#define CPUID_FLAGS		8
#define CPUID_EAX		12
#define CPUID_EBX		16
#define CPUID_ECX		20
#define CPUID_EDX		24
#define CPUID_ZERO		28
#define CPUID_ENTRY		32

/* MAP: two counts, then the objects' sizes, then the slots */
#define MAP_OBJECTS		0	/* u32 */
#define MAP_SLOTS		4	/* u32 */
#define MAP_HEAD		8
#define MAP_OBJECT		8	/* u64: bytes */
#define SLOT_ID			0	/* u32 */
#define SLOT_OBJECT		4	/* u32 */
#define SLOT_GPA		8	/* u64, as are the next */
#define SLOT_SIZE		16
#define SLOT_OFFSET		24
#define MAP_SLOT		32

/* PAGES: a head, runs of pages, one frame of zstd */
#define PAGES_OBJECT		0	/* u32, as are the next */
#define PAGES_RUNS		4
#define PAGES_COUNT		8	/* pages in the frame */
#define PAGES_PACKED		12	/* bytes of it */
#define PAGES_HEAD		16
#define RUN_PAGE		0	/* u64: the first */
#define RUN_COUNT		8	/* u32 */
#define RUN_FLAGS		12	/* u32 */
#define PAGES_RUN		16
#define RUN_ZERO		1	/* these are zero, and not in the frame */

/* END */
#define END_SECTIONS		0	/* u64: before this one; so are the next */
#define END_PAGES		8	/* in frames */
#define END_ZERO		16	/* in runs of zero pages */
#define END_SIZE		24

/* Limits.  A reader has refused what exceeds them before it makes room. */
#define SNAP_MAX_CPU		256		/* entries */
#define SNAP_MAX_CONF		(64 << 10)
#define SNAP_MAX_OBJECTS	16
#define SNAP_MAX_SLOTS		64
#define SNAP_MAX_MEMORY		(1ULL << 52)	/* of an object */
#define SNAP_MAX_STATE		(64 << 20)
#define SNAP_FRAME_PAGES	512		/* 2 MiB */
#define SNAP_FRAME_RUNS		1024
#define SNAP_MAX_PAGES		(3 << 20)	/* a section, as badly packed as can be */
#define SNAP_MAX_OTHER		(16 << 20)	/* one that is not known */

#endif
