# SPDX-License-Identifier: GPL-2.0
#
# The front door. `make demo` and `make check` install what they lack; everything else
# uses what is there, and `make modules tools` needs neither root nor network.

# The kernel headers to build with: by default the newest installed.
KDIR ?= $(lastword $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V))
RELEASE := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
PREFIX ?= /usr/local
# The emulated host of a demo or a measurement: amd or intel; those of the tests: both.
HOST ?= amd
HOSTS ?= amd intel
TESTHOST := tools/testhost/testhost
# AUDIT=1: the debug build that watches frozen pages, and whose allocations can be made
# to fail, in a directory of its own.
BUILD := build/$(RELEASE)$(if $(AUDIT),-audit)

help:
	@echo 'make demo      boot a Debian guest under vmm.ko, in an emulated host with SVM;'
	@echo '               HOST=intel in one with VMX'
	@echo 'make check     run all tests; T=NAME one; T="--list" names them; HOSTS=amd on that alone'
	@echo 'make shell     a shell in the emulated host, module and tools at hand'
	@echo 'make modules   vmm.ko for KDIR=$(KDIR), in build/RELEASE'
	@echo 'make tools     vmctl'
	@echo 'make bench     measure against KVM, HOST=amd or intel;  make soak   the long tests'
	@echo 'make install   module and tools into this system; make docs; make clean'

# Sources are linked into a directory of each kernel's, so that two kernels' objects
# do not meet. Links to files that are gone go first.
modules:
	@[ -n "$(RELEASE)" ] || { echo "no kernel headers in KDIR=$(KDIR);" \
		"try: tools/testhost/deps build" >&2; exit 1; }
	@mkdir -p $(BUILD) && find $(BUILD) -xtype l -delete
	@ln -sf $(CURDIR)/Kbuild $(BUILD)
	@for d in $$(find module uapi -type d); do \
		mkdir -p $(BUILD)/$$d && find $(CURDIR)/$$d -maxdepth 1 -name '*.[chS]' \
			-exec ln -sf -t $(BUILD)/$$d {} + || exit; \
	done
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(BUILD) $(if $(AUDIT),VMM_AUDIT=y) modules
	@[ $(BUILD) != build/$(RELEASE) ] || ln -sf $(BUILD)/vmm.ko vmm.ko

tools:
	$(MAKE) -C tools/vmctl

# A demo, a check or a shell begins on a machine that may have nothing.
deps-demo deps-shell:
	@tools/testhost/deps build host $(filter intel,$(HOST))
deps-check deps-soak:
	@tools/testhost/deps build host check $(filter intel,$(HOSTS))
deps-bench:
	@tools/testhost/deps build host check $(filter intel,$(HOST))
deps-docs:
	@tools/testhost/deps docs

# A make of its own sees the headers that were just installed. The Intel host's kernel is
# another than that of installed headers.
KDIR-intel = KDIR=$$(tools/testhost/kernel --headers 6.1-cloud)
demo shell: %: deps-%
	@$(MAKE) --no-print-directory modules tools here-$@ $(KDIR-$(HOST))

here-demo:
	@tools/testhost/demo $(HOST) $(RELEASE)

here-shell:
	@$(TESTHOST) --host $(HOST) --kernel $(RELEASE) --shell

check: deps-check
	@HOSTS="$(HOSTS)" selftests/run $(T)

soak: deps-soak
	@HOSTS="$(HOSTS)" selftests/run --group soak $(T)

bench: deps-bench
	@$(MAKE) --no-print-directory modules tools $(KDIR-$(HOST))
	@selftests/bench/run --host $(HOST) $(T)

install: modules tools
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(BUILD) INSTALL_MOD_PATH=$(DESTDIR) \
		modules_install
	$(MAKE) -C tools/vmctl install

docs: deps-docs
	$(MAKE) -C Documentation

clean:
	rm -rf build vmm.ko
	@for d in tools/vmctl selftests/unit selftests/fuzz selftests/payload selftests/api \
		Documentation; do \
		[ ! -e $$d/Makefile ] || $(MAKE) --no-print-directory -C $$d clean || exit; \
	done

.PHONY: help modules tools demo shell here-demo here-shell check soak bench install docs clean \
	deps-demo deps-shell deps-check deps-soak deps-bench deps-docs
