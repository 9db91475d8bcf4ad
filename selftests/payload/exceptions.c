#include "test.h"
#include "trap.h"
static void ud(void)
{
	struct exc e = exc_of("ud2");
	check_eq(e.vector, UD, "ud2");
}
const struct test tests[] = { {"ud", ud, false}, {} };
