# Plat. Each target installs what it needs and is missing: see scripts/install-needs.
SWIFT ?= swift
PREFIX ?= /usr/local
SWEEP ?= 20
FUZZ ?= 600
DEMO := build/demo
SANITIZERS := address thread

.DEFAULT_GOAL := help
.PHONY: help needs build demo test test-debug sweep test-sanitize $(SANITIZERS:%=test-%) bench bench-instructions bench-routes simulate mutants crc fuzz library install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

needs: ## install the libraries that are missing
	@scripts/install-needs

build: needs ## the program, in release: .build/release/plat
	$(SWIFT) build -c release --product plat

demo: build ## plan an example cluster: its documents go to build/demo
	@scripts/demo .build/release/plat $(DEMO)

test: needs ## all tests, optimised, with what debug builds assert; and the benchmarks' smoke run
	@SWIFT=$(SWIFT) scripts/test

test-debug: needs ## the same in debug
	@SWIFT=$(SWIFT) scripts/test debug

sweep: ## all tests, optimised, with $(SWEEP) times as many seeds (SWEEP=20)
	@SWIFT=$(SWIFT) PLAT_SWEEP=$(SWEEP) scripts/test

test-sanitize: test-address test-thread ## engine, simulator and documents under the address and the thread sanitizer, the C library under the latter

test-address: needs
	PLAT_WITHOUT_JEMALLOC=1 SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	  $(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build-address --sanitize=address

test-thread: needs
	PLAT_WITHOUT_JEMALLOC=1 TSAN_OPTIONS=allocator_may_return_null=1 $(SWIFT) test --scratch-path .build-thread --sanitize=thread
	@SWIFT=$(SWIFT) scripts/test-threads

bench: build ## the benchmarks of planning, in release: tables, build/benchmarks.json, pictures in build/charts; AGAINST=RUN compares
	@mkdir -p build/charts
	.build/release/plat bench -o build/benchmarks.json --charts build/charts $(if $(AGAINST),--against $(AGAINST))

bench-instructions: needs ## instructions of the main cases by callgrind, beside those saved; SAVE=--save saves them
	$(SWIFT) build -c release --product PlatBenchmarks
	scripts/bench-instructions .build/release/PlatBenchmarks $(SAVE)

simulate: build ## carry plans out under faults, in release: RUNS small runs (100000) and LARGE of 1,000 nodes (100); the deliberate bugs
	@scripts/simulate .build/release/plat build/simulate $(or $(RUNS),100000) $(or $(LARGE),100)

mutants: needs ## mutants of Execution/, each under the simulator's checks, in release; the report is build/mutants/report.tsv. It goes on where it was
	scripts/mutants

bench-routes: needs ## keys a second through the router, hash and range, in release
	$(SWIFT) build -c release --product PlatBenchmarks
	.build/release/PlatBenchmarks routes

crc: needs ## the benchmark of CRC-32 against zlib and ISA-L, in release
	$(SWIFT) build -c release --product PlatBenchmarks
	.build/release/PlatBenchmarks crc

fuzz: needs ## coverage-guided fuzzing of the C library, each target for $(FUZZ) seconds (FUZZ=600)
	SWIFT=$(SWIFT) scripts/fuzz $(FUZZ)

library: needs ## the C library, in release: .build/release/libPlatABI.so
	$(SWIFT) build -c release --product PlatABI

install: build library ## the program, and libplat with header, plat.pc and a CMake package, into $(PREFIX)
	install -D -m 755 .build/release/plat $(DESTDIR)$(PREFIX)/bin/plat
	SWIFT=$(SWIFT) scripts/install-library .build/release $(PREFIX)

clean: ## remove all that was built
	rm -rf .build .build-fuzz .build-release-tests $(SANITIZERS:%=.build-%) build
