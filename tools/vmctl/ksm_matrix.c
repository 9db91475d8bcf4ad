// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ksm_matrix.h"
#include "lib/out.h"

#define COLUMN	10

static int column(const struct ksm_vm *v)
{
	size_t len = strlen(v->name);

	return len > COLUMN ? (int)len : COLUMN;
}

static void print_header(const struct ksm_analysis *a, int first)
{
	size_t x;

	printf("%-*s", first, "VM");
	for (x = 0; x < a->vms; x++)
		printf("  %*s", column(&a->vm[x]), a->vm[x].name);
	putchar('\n');
}

void matrix_print(const struct ksm_analysis *a, bool header)
{
	size_t x, y, most = 2, len;

	for (x = 0; x < a->vms; x++) {
		len = strlen(a->vm[x].name);
		most = len > most ? len : most;
	}
	if (header)
		print_header(a, (int)most);
	for (y = 0; y < a->vms; y++) {
		printf("%-*s", (int)most, a->vm[y].name);
		for (x = 0; x < a->vms; x++)
			printf("  %*" PRIu64, column(&a->vm[x]),
			       a->matrix[y * a->vms + x]);
		putchar('\n');
	}
}

void matrix_json(const struct ksm_analysis *a)
{
	size_t x, y;

	fputs("{\"names\": [", stdout);
	for (x = 0; x < a->vms; x++) {
		fputs(x ? ", " : "", stdout);
		out_json_string(a->vm[x].name);
	}
	fputs("], \"pages\": [", stdout);
	for (y = 0; y < a->vms; y++) {
		fputs(y ? ", [" : "[", stdout);
		for (x = 0; x < a->vms; x++)
			printf("%s%" PRIu64, x ? ", " : "",
			       a->matrix[y * a->vms + x]);
		putchar(']');
	}
	fputs("]}", stdout);
}
