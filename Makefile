# The front door; the build itself is Meson's.
#
#   make dev        install what is missing, build, start a development chain
#   make test       what CI runs: build and run all tests (under 45 minutes on 2 cores)
#   make build      the release binary, build/infinity
#   make demo       start a chain, run every sample program on it, print a table (SEED=n)
#   make sanitize   unit tests under the address and undefined-behaviour sanitizers
#   make test-full  the long runs too (test/README.md: half an hour on 2 cores)
#   make bench      the figures of docs/benchmarks.md
#   make format     lay out the sources       make lint    what a machine can see
.DEFAULT_GOAL := build
RELEASE_CC ?= clang-19
PORT ?= 8545
DATA_DIR ?= .dev

.PHONY: build dev test demo sanitize test-full bench format lint clean

build:
	@tools/setup build
	@tools/build

dev: build
	exec build/infinity dev --port $(PORT) --data-dir $(DATA_DIR)

demo: build
	@build/infinity demo $(if $(SEED),--seed $(SEED))

test:
	@test/run

test-full:
	@test/run --full

sanitize:
	@tools/setup test
	@test/run --only sanitize

bench: build
	@ninja -C build/release --quiet src/crypto_bench src/execute_bench src/store_bench
	@test/bench/run

format:
	@clang-format-14 -i $$(git ls-files '*.c' '*.h' | grep -v '^src/job/predeploys\.')

lint:
	@tools/setup test
	@tools/lint

clean:
	rm -rf build build-*
