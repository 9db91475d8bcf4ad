# SPDX-License-Identifier: GPL-2.0
#
# What the benchmarks have of pure code: topics bench_*.

.DEFAULT_GOAL	:= all

$(BUILD)/bench_trace: $(BUILD)/bench/trace.o
$(BUILD)/bench_ks: $(BUILD)/bench/ks.o
LDLIBS_bench_ks	:= -lm
$(BUILD)/bench_trace.o $(BUILD)/bench_ks.o: CPPFLAGS += -I../bench

$(BUILD)/bench/%.o: ../bench/%.c
	@mkdir -p $(@D)
	$(CC) -I../bench $(CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/bench/*.d)
