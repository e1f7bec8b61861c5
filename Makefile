# tornstack: build, tests and checks. `make help` lists the targets.
#
# Objects go to build/VARIANT; VARIANT is release (also build/tornstack and the libraries), asan, tsan, fuzz, gcc,
# clang or static.
# Files are picked up by folder: a new .c file needs no line here. What pkg-config says is asked when the first file is
# compiled, not when this file is read, so that `make check` may install the packages first.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
# Sanitizers cost what -O2 gains: -O1 runs as fast, and compiles in two thirds of the time. -g1 has what they print.
CFLAGS ?= $(if $(filter asan tsan,$(VARIANT)),-O1 -g1,-O2 -g)
DEMO ?= $(firstword $(wildcard fixtures/cases/arm64-nonleaf-unwind-stripped fixtures/cases/*))
HOSTILE ?= quick
TESTS ?=

OBJ := build/$(VARIANT)
OUT := $(if $(filter release,$(VARIANT)),build,$(OBJ))

# --- variants -----------------------------------------------------------------------------------------------

# Constants are enumerators here, and so are factors of floating-point numbers; gcc never asked, clang does since 18.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-enum-float-conversion
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

ifeq ($(origin CC),default)
CC := cc
endif
ifeq ($(VARIANT),gcc)
CC := gcc
WARNINGS += -Werror
else ifeq ($(VARIANT),clang)
CC := clang
WARNINGS += -Werror
else ifeq ($(VARIANT),asan)
VARIANT_FLAGS := $(SANITIZE)
else ifeq ($(VARIANT),tsan)
VARIANT_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(VARIANT),fuzz)
CC := clang
VARIANT_FLAGS := $(SANITIZE) -fsanitize=fuzzer-no-link
else ifeq ($(VARIANT),static)
VARIANT_FLAGS := -DTORNSTACK_STATIC
endif
ifdef STRICT
WARNINGS += -Werror
endif

# What makes a defect harder to use, asserted by make harden-check. Sanitizers have their own ways.
# _FORTIFY_SOURCE is 3 where compiler and C library know that; it needs optimisation.
find_fortify = for level in 3 2; do echo | $(CC) -O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$$level -include stdlib.h \
	-E -x c - >/dev/null 2>&1 && echo -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$$level && break; done
find_hardening = for flag in -fcf-protection=full -mbranch-protection=standard -fstack-clash-protection; do echo 'int i;' | \
	$(CC) -Werror $$flag -c -o /dev/null -x c - 2>/dev/null && echo $$flag; done
ifeq ($(filter asan tsan fuzz,$(VARIANT)),)
HARDENING = $(call once,HARDENING,-fstack-protector-strong $(shell $(find_hardening)) \
	$(if $(filter -O%,$(filter-out -O0,$(CFLAGS))),$(shell $(find_fortify))))
HARDENING_LINK := $(if $(filter static,$(VARIANT)),-static-pie,-pie) -Wl,-z,relro,-z,now,-z,noexecstack
endif

# --- libraries ----------------------------------------------------------------------------------------------

# $(call once,NAME,TEXT): expands TEXT at the first use of NAME only.
comma := ,
once = $(eval $(1) := $(2))$($(1))

PKG_MODULES := libelf capstone jansson libprotobuf-c zlib libzstd liblz4 liblzma nettle
# What is loaded when it is needed (formats/archive/libarchive.h, formats/locator/debuginfod.c, fleet/history/sqlite.c and postgres.c): headers only.
LOADED_MODULES := libarchive libdebuginfod libpq sqlite3

# libdwarf has a .pc file and a versioned folder since 0.4; Debian 12 has /usr/include/libdwarf and no .pc file.
find_dwarf_cflags = pkg-config --cflags libdwarf 2>/dev/null || \
	for d in libdwarf libdwarf-0 libdwarf-2; do \
		[ -f /usr/include/$$d/libdwarf.h ] && echo -I/usr/include/$$d && break; \
	done
find_dwarf_libs = pkg-config --libs libdwarf 2>/dev/null || echo -ldwarf
# Headers of other projects are not for our warnings: -isystem.
LIB_CFLAGS = $(call once,LIB_CFLAGS,$(patsubst -I%,-isystem %,\
	$(shell pkg-config --cflags $(PKG_MODULES) $(LOADED_MODULES)) $(shell $(find_dwarf_cflags))))
# The static file has libsqlite3 and libarchive in it, with what is used of what that needs (pkg-config --static has all, some of which Debian does not
# have as .a), and what libdwarf needs.
STATIC_LIBS := -lsqlite3 -larchive -lnettle -lbz2 -llzma -lzstd -llz4
LIB_LIBS = $(call once,LIB_LIBS,$(if $(filter static,$(VARIANT)),-Wl$(comma)--start-group) $(shell pkg-config --libs $(PKG_MODULES)) \
	$(shell $(find_dwarf_libs)) -liberty -lm $(if $(filter static,$(VARIANT)),$(STATIC_LIBS) -Wl$(comma)--end-group))
# Tests call an assertion of cmocka by its name of 2.0, which calls the older one deprecated.
find_cmocka = pkg-config --exists 'cmocka < 2' && echo -Dassert_int_in_range=assert_in_range
TEST_CFLAGS = $(call once,TEST_CFLAGS,$(patsubst -I%,-isystem %,$(shell pkg-config --cflags cmocka)) $(shell $(find_cmocka)))
UNICORN_LIBS = $(call once,UNICORN_LIBS,$(shell pkg-config --libs unicorn))
# For what is run while tornstack is built.
SECCOMP_LIBS = $(call once,SECCOMP_LIBS,$(shell pkg-config --libs libseccomp))
TEST_LIBS = $(call once,TEST_LIBS,$(shell pkg-config --libs cmocka libarchive))

# One set of objects for program and shared library: where names are hidden -fPIC costs a program nothing.
COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -pthread -fPIC -fvisibility=hidden -I. -isystem $(OBJ) $(WARNINGS) $(HARDENING) $(CPPFLAGS) $(CFLAGS) \
	$(VARIANT_FLAGS) $(LIB_CFLAGS)
LINK = $(CC) -pthread $(CFLAGS) $(VARIANT_FLAGS) $(HARDENING_LINK) $(LDFLAGS)

# --- files --------------------------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/.*TORNSTACK_VERSION "\(.*\)"/\1/p' lib/tornstack.h)
# The number is that of the interface: it changes where a program that was linked with the library before would no longer run.
SONAME := libtornstack.so.0
SHARED := $(OUT)/libtornstack.so.$(VERSION)
# Of make static there is a program only, and who replays files for the fuzzer has no use for it.
LIBRARY := $(if $(filter static fuzz,$(VARIANT)),,$(SHARED) $(OUT)/tornstack.pc)

LIB_DIRS := base formats golang analyzer heuristics scan report fleet lib
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))

# A layer, and the rooms in it.
ROOMS = $(LIB_DIRS) $(patsubst %,%/*,$(LIB_DIRS))
# What protoc-c makes of messages.
MESSAGES := $(wildcard $(addsuffix /*.proto,$(ROOMS)))
MESSAGE_HEADERS := $(MESSAGES:%.proto=$(OBJ)/%.pb-c.h)
PAGE_PARTS := report/html/report.css report/html/report.js
PAGE_HEADERS := $(OBJ)/report/html/digests.h $(PAGE_PARTS:%=$(OBJ)/%.inc)
MIGRATIONS := $(wildcard fleet/history/*.sql)
LIB_OBJECTS := $(call objects,$(wildcard $(addsuffix /*.c,$(ROOMS)))) $(MESSAGE_HEADERS:%.h=%.o)
# Beside what lies in folders, the filters of system calls, which a program makes.
FILTERS := $(OBJ)/tools/filters/syscall_filters
LIB_OBJECTS += $(FILTERS).o
CLI_OBJECTS := $(call objects,$(wildcard cli/*.c))
UNIT_SOURCES := $(wildcard $(patsubst %,tests/unit/%/test_*.c,$(ROOMS) cli))
# What tests share: the synthetic dump builder; of cli/, what needs no main.
SUPPORT_OBJECTS := $(call objects,$(wildcard tests/build/*.c) \
	$(addprefix cli/,complain.c conditions.c output.c pager.c progress.c))
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(OBJ)/%)
HOSTILE_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/hostile/*.c tests/log/*.c))
HOSTILE_OBJECTS := $(call objects,$(wildcard tests/hostile/harm/*.c) tests/truth.c)
# Programs of tests/accuracy have the names below; the other files there are what they share. stop needs Unicorn, which is
# asked for only where it is installed: make check-accuracy, gcc, clang.
ACCURACY_PROGRAMS := $(OBJ)/tests/accuracy/mutate
UNICORN_PROGRAMS := $(OBJ)/tests/accuracy/stop
UNICORN_OBJECTS := $(call objects,$(addprefix tests/accuracy/,machine.c routes.c stops.c))
ACCURACY_OBJECTS := $(filter-out $(UNICORN_OBJECTS) $(ACCURACY_PROGRAMS:%=%.o) $(UNICORN_PROGRAMS:%=%.o),\
	$(call objects,$(wildcard tests/accuracy/*.c)))
# A target of the fuzzer is a file of tests/fuzz/targets. In every other variant it replays files (replay.c).
FUZZ_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/fuzz/targets/*.c))
FUZZ_SEEDS := $(OBJ)/tests/fuzz/seeds
FUZZ_OBJECTS := $(call objects,$(filter-out %/seeds.c $(if $(filter fuzz,$(VARIANT)),%/replay.c),$(wildcard tests/fuzz/*.c)) tests/truth.c)
FAULTS := $(OBJ)/tests/faults/fail.so
HEAP_PROGRAM := $(OBJ)/tests/live/heap_at
# tornstack, linked so that texts stay in what it redacts.
LEAKING_PROGRAM := $(OBJ)/tests/live/keep_texts
# The Python package as it is imported: with the header, which it reads.
BINDING := $(OUT)/python/tornstack
PYTHON_FILES := $(patsubst bindings/python/tornstack/%,$(BINDING)/%,$(wildcard bindings/python/tornstack/*.py*)) $(BINDING)/tornstack.h
TOOL_PROGRAMS := $(patsubst tools/%.c,$(OUT)/%,$(wildcard tools/*.c))
# Whatever is compiled for tests, for a compiler that is asked for warnings only: more than a hundred programs need not be linked.
TEST_OBJECTS := $(SUPPORT_OBJECTS) $(HOSTILE_OBJECTS) $(ACCURACY_OBJECTS) $(UNICORN_OBJECTS) $(FUZZ_OBJECTS) $(TOOL_PROGRAMS:$(OUT)/%=$(OBJ)/tools/%.o) \
	$(addsuffix .o,$(UNIT_PROGRAMS) $(HOSTILE_PROGRAMS) $(ACCURACY_PROGRAMS) $(UNICORN_PROGRAMS) $(FUZZ_PROGRAMS) $(FUZZ_SEEDS) $(HEAP_PROGRAM) \
	$(LEAKING_PROGRAM))

# --- build --------------------------------------------------------------------------------------------------

.PHONY: all tests compiled
all: $(OUT)/tornstack $(LIBRARY)

compiled: all $(TEST_OBJECTS) $(FAULTS)

tests: all $(PYTHON_FILES) $(OUT)/completion/bash $(OUT)/completion/zsh $(OUT)/completion/fish $(UNIT_PROGRAMS) $(HOSTILE_PROGRAMS) $(ACCURACY_PROGRAMS) $(FUZZ_PROGRAMS) $(TOOL_PROGRAMS) $(FAULTS)

# libarchive's list of what it can write has a format that needs libxml2, and that ICU; nobody asks for it.
ifeq ($(VARIANT),static)
$(OUT)/tornstack: private LDFLAGS += -Wl,--defsym=archive_write_set_format_xar=archive_write_set_format_raw
endif
# Tests start it thousands of times: a sanitizer that is linked in begins sooner than two shared libraries.
find_static_sanitizer = flags='-static-libasan -static-libubsan'; echo 'int main(void) { return 0; }' | \
	$(CC) -Werror $(SANITIZE) $$flags -o /dev/null -x c - 2>/dev/null && echo $$flags
ifeq ($(VARIANT),asan)
$(OUT)/tornstack: private LDFLAGS += $(call once,STATIC_SANITIZER,$(shell $(find_static_sanitizer)))
endif
$(OUT)/tornstack: $(CLI_OBJECTS) $(OUT)/libtornstack.a
	@echo "  LINK  $@"
	@$(LINK) -o $@.new $^ $(LIB_LIBS) && mv $@.new $@

# Made anew, so that no object of a deleted file stays in it. One object, of which only what lib/tornstack.h declares has a name
# outside: a program that links it may use all others for itself.
OBJCOPY ?= objcopy
$(OUT)/libtornstack.a: $(LIB_OBJECTS)
	@echo "  AR    $@"
	@$(CC) -r -nostdlib -o $(OBJ)/tornstack.o $^
	@$(OBJCOPY) --localize-hidden $(OBJ)/tornstack.o
	@rm -f $@ && $(AR) rcs $@ $(OBJ)/tornstack.o

# Names and their versions: lib/libtornstack.map, which is what makes a name public here.
$(SHARED): $(LIB_OBJECTS) lib/libtornstack.map
	@echo "  LINK  $@"
	@$(filter-out -pie,$(LINK)) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libtornstack.map \
		$(if $(filter asan tsan,$(VARIANT)),,-Wl,--no-undefined) -o $@.new $(LIB_OBJECTS) $(LIB_LIBS) && mv $@.new $@
	@ln -sf $(@F) $(@D)/$(SONAME) && ln -sf $(SONAME) $(@D)/libtornstack.so

# The same, with debug information of what defines these names only: what is the library's own is no part of its interface.
PUBLIC_OBJECTS := $(call objects,lib/tornstack.c lib/handle.c lib/scan.c)
ABI := $(OBJ)/abi/libtornstack.so
$(ABI): $(LIB_OBJECTS) lib/libtornstack.map
	@mkdir -p $(@D)
	@$(CC) -r -nostdlib -Wl,--strip-debug -o $(@D)/rest.o $(filter-out $(PUBLIC_OBJECTS),$(LIB_OBJECTS))
	@$(filter-out -pie,$(LINK)) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libtornstack.map -o $@ $(PUBLIC_OBJECTS) $(@D)/rest.o $(LIB_LIBS)

# Written anew each time: PREFIX may be another.
$(OUT)/tornstack.pc: lib/tornstack.pc.in FORCE
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(LIB_LIBS) -pthread|' $< >$@

$(BINDING)/tornstack.h: lib/tornstack.h
	@mkdir -p $(@D)
	@cp $< $@
$(BINDING)/%: bindings/python/tornstack/%
	@mkdir -p $(@D)
	@cp $< $@

# With every name, for tests and tools.
INTERNAL := $(OBJ)/internal.a
$(INTERNAL): $(LIB_OBJECTS)
	@echo "  AR    $@"
	@rm -f $@ && $(AR) rcsT $@ $^

$(UNIT_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(SUPPORT_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS) $(TEST_LIBS)

# Their readers of dumps and executables are such as an attacker has taken over.
$(OBJ)/tests/unit/lib/test_isolation: private LDFLAGS += -Wl,--wrap=image_open
# A kernel that has no process_vm_readv.
$(OBJ)/tests/unit/formats/live/test_memory: private LDFLAGS += -Wl,--wrap=process_vm_readv
# A machine without libarchive.
$(OBJ)/tests/unit/formats/archive/test_without_libarchive: private LDFLAGS += -Wl,--wrap=libarchive
$(OBJ)/tests/unit/scan/test_isolated: private LDFLAGS += -Wl,--wrap=scan_bytes

$(HOSTILE_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(HOSTILE_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS)

$(HEAP_PROGRAM): $(OBJ)/%: $(OBJ)/%.o $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS)

$(LEAKING_PROGRAM): $(OBJ)/%: $(OBJ)/%.o $(CLI_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -Wl,--wrap=redaction_letter -o $@ $^ $(LIB_LIBS)

$(ACCURACY_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(ACCURACY_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS)

$(UNICORN_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(UNICORN_OBJECTS) $(ACCURACY_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS) $(UNICORN_LIBS)

# The fuzzer's main, or replay's.
$(FUZZ_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(FUZZ_OBJECTS) $(SUPPORT_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $^ $(LIB_LIBS)

# Its limit of memory.
$(OBJ)/tests/fuzz/targets/pipeline: private LDFLAGS += -Wl,--wrap=arena_new

$(FUZZ_SEEDS): $(OBJ)/%: $(OBJ)/%.o $(SUPPORT_OBJECTS) $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS)

# Stands before libc in tests, so it is not built with a sanitizer, which does so too.
$(FAULTS): tests/faults/fail.c $(OBJ)/flags
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -pthread $(WARNINGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

$(TOOL_PROGRAMS): $(OUT)/%: $(OBJ)/tools/%.o $(INTERNAL)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LIBS)

$(OBJ)/tools/filters/print_filters: $(OBJ)/tools/filters/print_filters.o
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(SECCOMP_LIBS)

$(FILTERS).c: $(OBJ)/tools/filters/print_filters
	@echo "  MAKE  $@"
	@$< >$@.new && mv $@.new $@

$(FILTERS).o: $(FILTERS).c
	@echo "  CC    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<

$(OBJ)/tests/%.o: EXTRA_CFLAGS = $(TEST_CFLAGS)
# It reads its own types, which -g1 leaves out.
$(OBJ)/tests/unit/formats/exe/test_dwarf.o: EXTRA_CFLAGS = $(TEST_CFLAGS) -g
$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(COMPILE) $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<

# A text as lines of a C array.
$(OBJ)/docs/%.inc: docs/%.md
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/.*/"&",/' $< >$@
$(OBJ)/cli/dumps.o: $(OBJ)/docs/dumps.inc
$(OBJ)/cli/dumps.o: EXTRA_CFLAGS = -I$(OBJ)

# Files that a page is made of, as lines of a C array; and the digests by which its policy names them.
$(OBJ)/report/html/%.inc: report/html/%
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/\t/\\t/g; s/.*/"&",/' $< >$@
$(OBJ)/report/html/digests.h: $(PAGE_PARTS)
	@mkdir -p $(@D)
	@for part in $^; do \
		echo "#define $$(basename $$part | tr a-z. A-Z_)_DIGEST \"'sha256-$$(sha256sum $$part | cut -c1-64 | tr a-f A-F | basenc -d --base16 | base64)'\""; \
	done >$@
$(OBJ)/report/html/html.o $(OBJ)/report/html/head.o: $(PAGE_HEADERS)

# Statements that make and change the schema of a database, as lines of a C array.
$(OBJ)/fleet/history/%.inc: fleet/history/%
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/\t/\\t/g; s/.*/"&",/' $< >$@
$(OBJ)/fleet/history/database.o: $(MIGRATIONS:%=$(OBJ)/%.inc)

# Nobody warns of what is generated.
$(OBJ)/%.pb-c.h $(OBJ)/%.pb-c.c &: %.proto
	@mkdir -p $(@D)
	@echo "  PROTO $<"
	@protoc-c --c_out=$(OBJ) $<

$(OBJ)/%.pb-c.o: $(OBJ)/%.pb-c.c $(OBJ)/flags
	@echo "  CC    $<"
	@$(COMPILE) -w -c -o $@ $<

$(call objects,$(wildcard report/profile/*.c)): $(MESSAGE_HEADERS)

# Changes when the compiler or its flags do, and then everything is compiled again.
FLAGS_NOW = $(CC) $(WARNINGS) $(HARDENING) $(CPPFLAGS) $(CFLAGS) $(VARIANT_FLAGS) $(LDFLAGS)
$(OBJ)/flags: FORCE
	@command -v pkg-config >/dev/null || { echo "pkg-config is missing: run 'make deps' first" >&2; exit 1; }
	@mkdir -p $(@D)
	@echo '$(FLAGS_NOW)' | cmp -s - $@ || echo '$(FLAGS_NOW)' >$@

.PHONY: FORCE
.SECONDARY:
-include $(if $(wildcard $(OBJ)),$(shell find $(OBJ) -name '*.d'))

# --- static analysis ----------------------------------------------------------------------------------------

# A stamp for each tool and file: only what changed is analysed again. The tools and their versions are those of Debian 12; what they
# are not asked, and why: .clang-tidy. paths is clang-tidy's search of paths, which takes most of the time.
ANALYZED := $(wildcard $(addsuffix /*.c,$(ROOMS) cli tools tools/filters))
ANALYSES := gcc cppcheck tidy paths
ANALYSED := build/analyze
analysis_of = $(ANALYZED:%.c=$(ANALYSED)/$(1)/%.ok)
SOURCE_FLAGS = -std=c11 -D_GNU_SOURCE -pthread -I. -isystem $(OBJ) $(LIB_CFLAGS)

# What each file includes is written down for all tools by the one that compiles it.
run_gcc = mkdir -p $(dir $(ANALYSED)/deps/$*) && gcc $(SOURCE_FLAGS) -O2 -Werror -fanalyzer -MMD -MP $(ANALYSES:%=-MT $(ANALYSED)/%/$*.ok) \
	-MF $(ANALYSED)/deps/$*.d -c -o /dev/null $<
run_cppcheck = cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance -I. -D_GNU_SOURCE -D__linux__ -D__x86_64__ $<
run_tidy = clang-tidy --quiet --checks='-clang-analyzer-*' $< -- $(SOURCE_FLAGS) 2>$@.err || { cat $@.err >&2; false; }
run_paths = clang-tidy --quiet --checks='-bugprone-*,-cert-*' $< -- $(SOURCE_FLAGS) 2>$@.err || { cat $@.err >&2; false; }

define analysis
.PHONY: analyze-$(1)
analyze-$(1): $(call analysis_of,$(1))
$(ANALYSED)/$(1)/%.ok: %.c $(if $(filter gcc cppcheck,$(1)),,.clang-tidy) | $(MESSAGE_HEADERS) $(PAGE_HEADERS) $(MIGRATIONS:%=$(OBJ)/%.inc)
	@mkdir -p $$(@D)
	@echo "  $(shell echo $(1) | tr a-z A-Z)  $$<"
	@$$(run_$(1))
	@touch $$@
endef
$(foreach tool,$(ANALYSES),$(eval $(call analysis,$(tool))))
ifdef ANALYZE
-include $(shell find $(ANALYSED) -name '*.d' 2>/dev/null)
endif

# analyze-quick: all but paths.
.PHONY: analyze analyze-quick deps-analyze
deps-analyze:
	@.ci/deps --analyze

analyze: deps-analyze
	@$(MAKE) ANALYZE=yes $(ANALYSES:%=analyze-%)

analyze-quick: deps-analyze
	@$(MAKE) ANALYZE=yes $(patsubst %,analyze-%,$(filter-out paths,$(ANALYSES)))

# All CPUs, unless make was told how many.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# --- packages -----------------------------------------------------------------------------------------------

.PHONY: deps deps-test deps-ci
deps:
	@.ci/deps

deps-test:
	@.ci/deps --test

deps-ci:
	@.ci/deps --ci

# --- tests and checks ---------------------------------------------------------------------------------------

.PHONY: check check-accuracy check-hostile check-faults check-damage asan tsan run-tests gcc clang layers harden-check peers demo
check: deps-test
	@$(MAKE) $(PARALLEL) run-tests

# Every cut and every flipped byte, with sanitizers: hours rather than minutes.
check-hostile: deps-test
	@$(MAKE) VARIANT=asan HOSTILE=full TESTS=hostile run-tests

# Every allocation of six kinds of run fails once; make check takes a sample.
check-faults: deps-test
	@$(MAKE) HOSTILE=full TESTS=hostile/test_faults run-tests

# Every case, cut and flipped: SEED, CUTS, FLIPS (FLIPS=0: cuts only; docs/security.md); and every forgery.
check-damage: deps-test
	@$(MAKE) HOSTILE=full TESTS='hostile/test_damage hostile/test_forgeries' run-tests

# Slim dumps and bundles of every case, with and without its executable, cut and damaged.
.PHONY: check-slim
check-slim: deps-test
	@$(MAKE) HOSTILE=full TESTS='golden/test_slim golden/test_bundle golden/test_pseudonyms' run-tests

# Secrets that a program had, in what redacted slim dumps, bundles and reports have. Needs Go, compilers of C, qemu-aarch64 and Wine.
# SECRETS="linux/amd64": these.
.PHONY: check-secrets
check-secrets: deps-ci
	@$(MAKE) all $(LEAKING_PROGRAM)
	@tests/live/check_secrets.py --leaking $(LEAKING_PROGRAM) $(if $(SECRETS),--only "$(SECRETS)")

# What is written is opened by whom it is written for: debuggers, readers of minidumps, of profiles and of goroutines. Those that are not here
# and cannot be installed into build/peers are left out. SPEEDSCOPE, STACKWALK, MINIDUMP_PYTHON: where they are.
.PHONY: check-tools
check-tools: deps-test
	@$(MAKE) all
	@TORNSTACK=$(OUT)/tornstack tests/live/tools.py

asan: deps-test
	@$(MAKE) $(PARALLEL) VARIANT=asan run-tests

# What several threads do.
THREADED := unit/base/test_slices unit/base/test_workers unit/analyzer/test_trial unit/lib/test_handles golden/test_jobs
tsan: deps-test
	@$(MAKE) VARIANT=tsan all $(patsubst unit/%,build/tsan/tests/unit/%,$(filter unit/%,$(THREADED)))
	@tests/run --build build/tsan --programs build/tsan $(THREADED)

run-tests: tests
	@tests/run --build $(OUT) --programs $(OBJ) --hostile $(HOSTILE) $(addprefix --skip ,$(SKIP)) $(TESTS)

gcc clang: deps-ci
	@$(MAKE) VARIANT=$@ compiled

# The HTML report in a browser: what it looks like (build/html has the pictures), console, keyboard, search, without script, on paper.
# AXE=axe.min.js: contrast and accessibility by axe-core, too.
AXE ?=
.PHONY: check-html
check-html: deps
	@.ci/deps --html
	@$(MAKE) all
	@TORNSTACK=$(OUT)/tornstack tests/html/check.py $(if $(AXE),--axe $(AXE)) build/html
	@TORNSTACK=$(OUT)/tornstack tests/html/check_history.py build/html

# Crashes a program built by each release of Go and compares every goroutine; LIVE has further options, see --help.
# The whole grid takes hours, but what build/live knows already is not done again. accuracy writes down what is known.
.PHONY: check-live accuracy
check-live accuracy: deps-ci
	@$(MAKE) all
	@tests/live/check_live.py $(if $(GO),--go "$(GO)") $(if $(filter accuracy,$@),--table docs/accuracy.md) $(LIVE)

# Crashes one program built in many ways, and compares fingerprints; TABLE=docs/accuracy.md writes it down; FINGERPRINTS has further options.
.PHONY: check-fingerprints
check-fingerprints: deps-ci
	@$(MAKE) all
	@tests/live/fingerprints.py $(if $(GO),--go "$(GO)") $(if $(TABLE),--table $(TABLE)) $(FINGERPRINTS)

# The Spark job of integrations/ against one machine, its queries in DuckDB and ClickHouse, and the manifest for Kubernetes against its schema. Needs
# Java; the rest comes from PyPI into build/spark.
.PHONY: check-spark
check-spark: deps-test
	@$(MAKE) all
	@[ -x build/spark/bin/pip ] || python3 -m venv build/spark
	@build/spark/bin/pip install -q pyspark duckdb chdb kubernetes-validate
	@build/spark/bin/python integrations/spark/check.py $(abspath $(OUT)/tornstack) $(abspath fixtures/cases)
	@build/spark/bin/kubernetes-validate --strict --quiet integrations/kubernetes/daemonset.yaml

# A history in PostgreSQL against one in SQLite, with a server that runs as long as the check.
.PHONY: check-postgres
check-postgres: deps-test
	@.ci/deps --postgres
	@$(MAKE) all
	@TORNSTACK=$(OUT)/tornstack tests/postgres/check.py

# A set of crashes of known causes (FLEET: a folder, kept), and how well triage puts them together; TABLE=docs/fleet.md writes it down.
FLEET ?= build/fleet
.PHONY: check-fleet
check-fleet: deps-ci
	@$(MAKE) all
	@tests/fleet/generate.py $(FLEET) $(if $(GO),--go "$(GO)")
	@tests/fleet/measure.py $(FLEET) $(if $(TABLE),--table $(TABLE))

# triage of 10,000 inputs (FLEET_SCALE has further options): killed and resumed, several writers, no room; TABLE=docs/fleet.md writes figures down.
.PHONY: check-fleet-scale
check-fleet-scale: deps-test
	@$(MAKE) all
	@TORNSTACK=$(OUT)/tornstack tests/fleet/scale.py build/fleet-scale $(if $(TABLE),--table $(TABLE)) $(FLEET_SCALE)

# Processes that run: an HTTP service under load (LIVE: shapes and --seconds), the zoo, GO: by these releases.
.PHONY: check-live-process
check-live-process: deps-ci
	@$(MAKE) $(OUT)/tornstack
	@tests/live/busy.py $(LIVE)
	@tests/live/live_zoo.py $(GO)

# What is said of addresses of the heap, against a program that knows them itself. GO="…": these releases.
.PHONY: check-heap
check-heap: deps-ci
	@$(MAKE) $(HEAP_PROGRAM)
	@tests/live/heap.py $(HEAP_PROGRAM) $(GO)

# Frames of C programs, built with and without tables, against eu-stack. STACKS="--cpu arm64 --build static": see --help.
.PHONY: check-c-stacks
check-c-stacks: deps-ci
	@$(MAKE) all
	@tests/live/c_stacks.py $(STACKS)

# Programs whose goroutines are not read: named, nothing claimed, within a second. NOT_GO="--kind 'old gccgo'": see --help.
.PHONY: check-not-go
check-not-go: deps-ci
	@$(MAKE) all
	@tests/live/not_go.py $(NOT_GO)

# Cores by an arm64 kernel in a virtual machine: signed return addresses, tagged memory, SVE, pages of several sizes. Not in CI.
# VM="--pages '4k 16k 64k' --only tagged": further options, see --help.
.PHONY: check-arm64-vm
check-arm64-vm: deps-ci
	@$(MAKE) all
	@tests/live/arm64_vm.py $(VM)

# Logs of crashes against the cores of the same processes; TABLE=docs/accuracy.md writes it down.
.PHONY: check-logs
check-logs: deps-ci
	@$(MAKE) tests
	@TABLE=$(TABLE) $(MAKE) run-tests TESTS='log/'

# Stacks torn by many releases, and other ends, at each level of GOTRACEBACK: what is said of the log, against the core of the same process.
# Not in CI. LOGS="--go '1.18.10 1.27.4' --levels 'crash none' --program zoo": see --help.
.PHONY: check-live-logs
check-live-logs: deps-ci
	@.ci/deps --live-logs
	@$(MAKE) all
	@tests/live/live_logs.py $(LOGS) $(if $(TABLE),--table $(TABLE))

# Logs as containers, collectors, browsers and issues show them: every pair of what these do, on each kept log, with the whole report of each.
.PHONY: check-manglings
check-manglings: deps-ci
	@$(MAKE) tests
	@$(MAKE) HOSTILE=full run-tests TESTS='log/test_mangle'

# Changes healthy dumps word by word, stops goroutines inside SP adjustments, and judges what is said; LIMIT of each kind and
# dump, 0: all; TABLE=FILE writes it down; DUMPS=DIR: kept cells of check-live as well; TOOLCHAINS: stops in what they build.
LIMIT ?= 0
SEED ?= 1
TABLE ?=
DUMPS ?=
TOOLCHAINS ?=
check-accuracy:
	@.ci/deps --accuracy
	@$(MAKE) $(ACCURACY_PROGRAMS) $(UNICORN_PROGRAMS)
	@PYTHONDONTWRITEBYTECODE=1 tests/accuracy/check.py --program $(ACCURACY_PROGRAMS) --stop $(UNICORN_PROGRAMS) --limit $(LIMIT) --seed $(SEED) \
		$(if $(TABLE),--table $(TABLE)) $(if $(DUMPS),--dumps $(DUMPS)) $(if $(TOOLCHAINS),--toolchains "$(TOOLCHAINS)")

# Inputs that the fuzzer makes up, for SECONDS each, JOBS targets at once; TARGET="elf_core notes": these; TABLE=docs/security.md writes down
# what ran since the code was last changed; MINIMISE=1 makes the committed corpus anew.
TARGET ?=
SECONDS ?= 60
JOBS ?= 2
MINIMISE ?=
.PHONY: fuzz
fuzz:
	@.ci/deps --fuzz
	@$(MAKE) VARIANT=fuzz fuzz-programs
	@tests/fuzz/run.py --build build/fuzz --seconds $(SECONDS) --jobs $(JOBS) $(if $(TABLE),--table $(TABLE)) $(if $(MINIMISE),--minimise) $(TARGET)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS) $(FUZZ_SEEDS)

layers:
	@tests/layers

# The library's interface against lib/libtornstack.abi, the last release's. Options may have grown at their end. Whatever else differs fails, so
# that somebody looks (docs/embedding.md); abi-dump writes that file anew. Then whether such a comparison finds what it must.
.PHONY: check-abi abi-dump
abi_dump = mkdir -p $(OBJ)/abi/include && cp lib/tornstack.h $(OBJ)/abi/include && abidw --headers-dir $(OBJ)/abi/include \
	--drop-private-types --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-elf-needed --no-show-locs --out-file $(1) $(ABI)
check-abi:
	@.ci/deps --abi
	@$(MAKE) $(ABI)
	@$(call abi_dump,$(OBJ)/abi/now.abi)
	@tests/library/abi.py lib/libtornstack.abi $(OBJ)/abi/now.abi

abi-dump:
	@.ci/deps --abi
	@$(MAKE) $(ABI)
	@$(call abi_dump,lib/libtornstack.abi)

# build/wheel/tornstack-*.whl, which is unpacked and finds the library that was built.
.PHONY: wheel
wheel:
	@.ci/deps --wheel
	@$(MAKE) all
	@tools/wheel.sh $(OUT) $(VERSION)

harden-check: deps-test
	@$(MAKE) all
	@tests/hardening build/tornstack build/libtornstack.a build/release

# Measures; asserts nothing. Needs Go.
.PHONY: bench bench-log bench-scan
bench: all bench-log
	@TORNSTACK=$(OUT)/tornstack bench/analyze.py --table docs/performance.md $(BENCH)

bench-log: all
	@TORNSTACK=$(OUT)/tornstack bench/log.py

bench-scan: all
	@TORNSTACK=$(OUT)/tornstack bench/scan.py


# Installs what is missing into build/peers. Kept cells of check-live, if there are any, and the fixtures.
PEERS ?= $(patsubst %/,%,$(dir $(wildcard build/live/*/*/core.zst fixtures/cases/*/dump.zst)))
peers: all
	@TORNSTACK=$(OUT)/tornstack tests/live/peers.py --table docs/accuracy.md $(PEERS)

demo: deps
	@$(MAKE) $(PARALLEL) all
	@[ -n "$(DEMO)" ] || { echo "no dump in fixtures/cases" >&2; exit 1; }
	@echo; echo "build/tornstack $(DEMO)/dump.zst --exe $(DEMO)/exe.zst"; echo
	@build/tornstack $(DEMO)/dump.zst --exe $(DEMO)/exe.zst

# --- made by hand, kept in the repository -------------------------------------------------------------------

.PHONY: layouts fixtures
# make layouts GO=go1.23.11: the structure layouts of that release, from its DWARF.
layouts: $(OUT)/gen_layout
	@[ -n "$(GO)" ] || { echo "usage: make layouts GO=go1.NN.P" >&2; exit 2; }
	GEN_LAYOUT=$(abspath $(OUT)/gen_layout) tools/layouts.sh $(GO)

fixtures:
	fixtures/src/make_cases.sh

# --- the rest -----------------------------------------------------------------------------------------------

.PHONY: install uninstall clean help
COMPLETIONS := $(addprefix $(OUT)/completion/,bash zsh fish)
$(COMPLETIONS): $(OUT)/completion/%: tools/completion.sh $(OUT)/tornstack
	@mkdir -p $(@D)
	@tools/completion.sh $* $(OUT)/tornstack >$@.new && mv $@.new $@

SHARE = $(DESTDIR)$(PREFIX)/share
DOC = $(SHARE)/doc/tornstack
MANUALS := docs/tornstack.1 docs/tornstack-core-pattern.7
# What is said to whom uses it; what is said to whom works on it stays in the repository.
TOLD := README.md LICENSE $(addprefix docs/,core-pattern.md dumps.md embedding.md fleet.md how-it-works.md known-bugs.md limits.md security.md usage.md torn-stack.svg report.schema.json scan.schema.json)
install: all $(COMPLETIONS)
	install -D -m 755 $(OUT)/tornstack $(DESTDIR)$(PREFIX)/bin/tornstack
	install -D -m 644 $(SHARED) $(DESTDIR)$(LIBDIR)/$(notdir $(SHARED))
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libtornstack.so
	install -D -m 644 $(OUT)/libtornstack.a $(DESTDIR)$(LIBDIR)/libtornstack.a
	install -D -m 644 $(OUT)/tornstack.pc $(DESTDIR)$(LIBDIR)/pkgconfig/tornstack.pc
	install -D -m 644 lib/tornstack.h $(DESTDIR)$(PREFIX)/include/tornstack.h
	install -D -m 644 $(OUT)/completion/bash $(SHARE)/bash-completion/completions/tornstack
	install -D -m 644 $(OUT)/completion/zsh $(SHARE)/zsh/site-functions/_tornstack
	install -D -m 644 $(OUT)/completion/fish $(SHARE)/fish/vendor_completions.d/tornstack.fish
	for page in $(MANUALS); do install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit; done
	sed -i 's|/usr/bin/tornstack|$(PREFIX)/bin/tornstack|' $(foreach page,$(MANUALS),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	install -d $(DOC)
	install -m 644 $(TOLD) $(DOC)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tornstack $(SHARE)/bash-completion/completions/tornstack $(SHARE)/zsh/site-functions/_tornstack \
		$(SHARE)/fish/vendor_completions.d/tornstack.fish $(DESTDIR)$(PREFIX)/include/tornstack.h \
		$(addprefix $(DESTDIR)$(LIBDIR)/,$(notdir $(SHARED)) $(SONAME) libtornstack.so libtornstack.a pkgconfig/tornstack.pc) \
		$(foreach page,$(MANUALS),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(DOC)

include packaging/packaging.mk

clean:
	rm -rf build

help:
	@echo "make                build/tornstack, build/libtornstack.so and .a"
	@echo "make deps           install the packages that the build lacks (Debian, Ubuntu; as root or with sudo); deps-test: the tests"
	@echo "make demo           deps, build, and the report of a real torn core"
	@echo "make check          deps, build, all tests; ends with 'N passed, N failed'; TESTS=WORD… selects by name"
	@echo "make asan           the same under AddressSanitizer and UndefinedBehaviorSanitizer"
	@echo "make tsan           what several threads do, under ThreadSanitizer"
	@echo "make check-accuracy every return address of healthy dumps overwritten in turn, goroutines stopped at every split of SP;"
	@echo "                    LIMIT=, SEED=, TABLE=, DUMPS=, TOOLCHAINS="
	@echo "make check-manglings  logs as collectors, browsers and issues show them, in all pairs"
	@echo "make check-logs     what is said of logs against the cores of the same processes; TABLE="
	@echo "make check-live-logs  the same of processes that crash now, by many releases, at each GOTRACEBACK; LOGS=, TABLE="
	@echo "make check-slim     slim dumps and bundles of every case, against the reports of the whole ones"
	@echo "make check-tools    debuggers and other programs open slim dumps and reports; with gdb, Delve, lldb, … as far as they are here"
	@echo "make check-secrets  secrets of a crashed program in slim dumps, bundles and reports: there are none; SECRETS= selects"
	@echo "make check-hostile  every cut and every flipped byte of a real core; slow"
	@echo "make check-faults   every allocation fails in turn, and every system call; slow"
	@echo "make fuzz           inputs that a fuzzer makes up, for each reader and for whole analyses (needs clang); TARGET=, SECONDS=,"
	@echo "                    JOBS=, TABLE=, MINIMISE=1"
	@echo "make check-damage   64 cuts and 1,000 flipped bytes of every case, and forgeries; slow; SEED=, CUTS=, FLIPS="
	@echo "make check-heap     what is said of addresses of the heap, against a program that knows them"
	@echo "make check-html     the HTML report and the pages of a history in a browser; pictures in build/html; AXE=axe.min.js adds axe-core"
	@echo "make check-c-stacks frames of C programs against those of eu-stack, on both CPUs; STACKS=… selects"
	@echo "make check-not-go   what is said of Go before 1.18, gccgo, C, C++ and Rust; NOT_GO=… selects"
	@echo "make check-arm64-vm crashes programs under an arm64 kernel of its own, in qemu-system; VM=… selects"
	@echo "make check-live-process  processes that tornstack reads while they run: lost requests, pauses, stacks; GO=, LIVE="
	@echo "make check-live     crashes programs of ten Go releases, compares goroutines; GO='1.27.4 …' and LIVE=… select"
	@echo "make check-fingerprints  the same crashes of a program built in many ways share a fingerprint, others do not; GO=, TABLE="
	@echo "make check-spark    the Spark job of integrations/ against one machine, the queries in DuckDB and ClickHouse (needs Java and PyPI)"
	@echo "make check-postgres a history in a server of PostgreSQL against one in a file"
	@echo "make check-fleet    crashes of known causes: which tornstack triage puts together; GO=, TABLE=, FLEET=DIR"
	@echo "make check-fleet-scale  triage of 10,000 inputs, killed and resumed, by several writers, without room; how fast, how much memory"
	@echo "make accuracy       check-live, and its table into docs/accuracy.md"
	@echo "make bench          how long tornstack takes for dumps of 10,000 to a million goroutines, beside Delve (needs Go; BENCH=--help)"
	@echo "make bench-log      how long it takes to find the crashes in a log of 2 GB, beside grep and panicparse"
	@echo "make bench-scan     how long tornstack scan takes for programs of 15,000 to 60,000 functions (needs Go)"
	@echo "make analyze        static analysis by gcc, cppcheck and clang-tidy of what changed; analyze-quick: without clang's search of paths"
	@echo "make layers         each folder includes only those to its left; each library is used in its one file"
	@echo "make check-abi      the library's interface is that of lib/libtornstack.abi, or options grew at their end; make abi-dump writes it anew"
	@echo "make wheel          the Python package: build/wheel"
	@echo "make harden-check   the program and the library are built as hardened as this compiler can"
	@echo "make peers          Delve, viewcore and gdb on the same dumps: docs/accuracy.md; PEERS=DIR… selects"
	@echo "make check-newcomer what somebody does who just heard of it: clone, install, crash a service in four ways, ask; time to the first verdict"
	@echo "make gcc, clang     everything with that compiler; a warning is an error"
	@echo "make layouts GO=V   structure layouts of a Go release (needs Go)"
	@echo "make fixtures       the crash dumps of fixtures/cases, made again (needs Go, qemu, Wine)"
	@echo "make install        PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); make uninstall"
	@echo "make deb, rpm       packages of the release that this machine runs: build/deb, build/rpm"
	@echo "make static         one file that needs no library; make image: an OCI image of it, without a daemon"
	@echo "make check-deb      builds packages in bare roots of SUITES='bookworm trixie sid', installs, uses and purges them"
	@echo "make check-rpm      builds the rpms in a bare root, installs, verifies, uses and erases them there"
	@echo "make check-coredumpctl  coredumpctl of a release debugs with tornstack, in a bare root"
	@echo "make check-static   the static file and the image in a folder that has nothing else"
	@echo "make check-distributions  make demo, make check and clang in bare roots of SUITES"
	@echo "make clean          removes build/"
