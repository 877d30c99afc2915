# make demo         build, then turn 28 sample records into demo/images.npy
# make test         everything that has to be green
# make test-scale   Ray and Dask with workers that are killed, RECORDS=6000 of them
# make test-stores  inputs, outputs and parts in S3 as moto plays it, and what stores do wrong
# make test-page    the pages of --report in Chromium; SHOTS=FOLDER leaves pictures of them
# make test-drawn   masks and strokes against the libraries that draw them, CASES=0.1 times 40,000 of them
# make test-formats each format that has a cargo feature against its reference library, on a few thousand files made for it
# make test-arm, test-musl, test-windows  the conformance corpus with ndpix for that system, under qemu or wine
# make test-shells  completions typed into bash, zsh, fish and PowerShell, where they are
# make random       random records through the command, N=5000 of them
# make fuzz         libFuzzer on every target, T=60 seconds each; TARGETS="png record" for some (nightly Rust)
# make miri         unit tests of the files with `unsafe` under Miri (nightly Rust)
# make careful      all unit tests with a standard library that checks itself (nightly Rust)
# make conformance  the conformance corpus, where it is present
# make reliability  the figures of RELIABILITY.md, about an hour
# make wheel        build the Python package and install it into .venv
# make manylinux    a wheel for any Linux
# make release      everything that is released, for each system that can be built for here, into target/release-files
# make site         the documentation, into target/site
# make clean        remove what these targets made
#
# Measurements (bench/README.md):
# make bench-quick  ndpix beside the naive and the tuned script on small files, under 3 minutes
# make floor        build the program of bench/floor, which `make bench` compares with
# make bench        the full tables, into BENCHMARKS.md
# make bench-outputs what each output costs, into BENCHMARKS.md
# make bench-scale  cost as the work grows, into BENCHMARKS.md
# make bench-pixels what the steps of pixels cost, into BENCHMARKS.md
# make stages       every station timed alone
# make instructions instruction counts of the stations against the committed ones (UPDATE=1 renews)

CARGO  ?= cargo
PYTHON ?= python3
VENV   ?= .venv
CORPUS ?= ../shared/conformance
N      ?= 5000
RECORDS ?= 6000
T      ?= 60
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

TARGET = $(abspath $(CARGO_TARGET_DIR))
# Tests run what is released, but linked without optimising it as a whole, which takes most of the time of a build.
PROFILE ?= release
test python conformance maybe-conformance maybe-scale test-scale test-stores test-page test-drawn test-formats test-shells random: PROFILE = tested
NDPIX = $(TARGET)/$(PROFILE)/ndpix
PY    = $(VENV)/bin/python
# It looks for the interpreter and for zig on the path.
MATURIN = PATH="$(abspath $(VENV)/bin):$$PATH" $(PY) -m maturin

# Optional corpus features that ndpix claims; CONTRIBUTING.md says which it does not, and why.
FEATURES = gzip-input,zstd-input,field-path,json-numpy,format:avif,format:hdr,format:ico,format:jp2,format:jxl,format:pfm,format:pnm,format:qoi,format:tga,raw-image-message,rle,strokes,strokes-raw,tiff:cmyk,tiff:fax,tiff:odd-bits

.PHONY: demo test rust python random licences conformance maybe-conformance command release clean test-scale test-stores maybe-scale test-page test-drawn test-formats test-shells test-arm test-musl test-windows
.PHONY: wheel manylinux site reliability fuzz miri careful
.PHONY: bench-quick bench bench-outputs bench-pixels bench-scale floor stages instructions
.NOTPARALLEL:

demo: command $(VENV)/ready
	NDPIX="$(NDPIX)" PYTHON="$(PY)" scripts/demo.sh

test: rust python licences maybe-conformance
	@echo "make test: all green"

rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features ndpix/stations,ndpix/ndarray -- -D warnings
	$(CARGO) clippy -p ndpix --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --lib --no-deps --features ndpix/ndarray
	$(CARGO) test --workspace --features ndpix/stations,ndpix/ndarray

python: command wheel
	NDPIX="$(NDPIX)" $(PY) -m pytest -n auto tests/python
	$(PY) -m pytest -n auto

# Engines are large, and have an environment of their own. The pages about them are run there, too.
SCALE = $(TARGET)/scale

test-scale: wheel $(SCALE)/ready
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$(TARGET)"/wheels/*.whl
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo "$(TARGET)"/wheels/*.whl)[ray,dask]"
	NDPIX="$(SCALE)/bin/ndpix" PYTHONPATH="$(CURDIR)/tests/python:$(CURDIR)/tests/scale" RECORDS=$(RECORDS) \
	  RAY_USAGE_STATS_ENABLED=0 $(SCALE)/bin/python -m unittest discover -s tests/scale -t tests/scale
	RAY_USAGE_STATS_ENABLED=0 $(SCALE)/bin/python -m pytest -W default crates/ndpix-python/tests/test_docs.py -k "ray.md or dask.md"

test-stores: wheel $(SCALE)/ready
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$(TARGET)"/wheels/*.whl
	$(SCALE)/bin/python -W ignore -m unittest discover -s tests/stores -t tests/stores

maybe-scale:
	@if $(MAKE) --no-print-directory $(SCALE)/ready; then \
	  $(MAKE) --no-print-directory test-scale test-stores; \
	else \
	  echo "test-scale: not run"; \
	fi

$(SCALE)/ready: requirements-scale.txt
	test -x $(SCALE)/bin/python || $(PYTHON) -m venv $(SCALE)
	@$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-scale.txt || { \
	  echo "test-scale: Ray and Dask cannot be installed here"; exit 1; }
	touch $@

# What drives a browser is large, too.
PAGE = $(TARGET)/page

test-page: command $(PAGE)/ready
	NDPIX="$(NDPIX)" SHOTS="$(abspath $(SHOTS))" $(PAGE)/bin/python -m unittest discover -s tests/page -t tests/page

$(PAGE)/ready: requirements-page.txt
	test -x $(PAGE)/bin/python || $(PYTHON) -m venv $(PAGE)
	$(PAGE)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-page.txt
	touch $@

# What draws masks and strokes elsewhere brings much along, too.
DRAWN = $(TARGET)/drawn
CASES ?= 0.1

test-drawn: wheel $(DRAWN)/ready
	$(DRAWN)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$(TARGET)"/wheels/*.whl
	CASES=$(CASES) $(DRAWN)/bin/python -m unittest discover -v -s tests/drawn -t tests/drawn

$(DRAWN)/ready: requirements-drawn.txt
	test -x $(DRAWN)/bin/python || $(PYTHON) -m venv $(DRAWN)
	$(DRAWN)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-drawn.txt
	touch $@

# The libraries of the formats, too.
REFERENCES = $(TARGET)/formats

test-formats: wheel $(REFERENCES)/ready
	$(REFERENCES)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$(TARGET)"/wheels/*.whl
	for format in avif exr dicom jpeg2000 jxl; do $(REFERENCES)/bin/python tests/formats/compare_$$format.py || exit 1; done

$(REFERENCES)/ready: requirements-formats.txt
	test -x $(REFERENCES)/bin/python || $(PYTHON) -m venv $(REFERENCES)
	$(REFERENCES)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-formats.txt
	touch $@

# Of the dev profile, which is built sooner and checks itself.
test-arm test-musl test-windows: $(VENV)/ready
	CARGO="$(CARGO)" TARGET="$(TARGET)" PY="$(abspath $(PY))" scripts/elsewhere.sh $(@:test-%=%) "$(CORPUS)" $(FEATURES)

test-shells: command
	NDPIX="$(NDPIX)" $(PYTHON) -m unittest discover -v -s tests/shells -t tests/shells

# Reports the seed of what goes wrong; SEED=... begins there.
random: command $(VENV)/ready
	NDPIX="$(NDPIX)" PYTHONPATH=tests:tests/python $(PY) -m forms.random_records $(N) $(SEED)

fuzz:
	CARGO="$(CARGO)" $(PYTHON) fuzz/run.py $(T) $(TARGETS)

# What is unsafe, of what Miri can run: not the C of WebP, and not AVX-512. It takes the instructions that it is
# told of for those that are there.
UNSAFE = array::aligned:: os:: reserve:: record::scan:: sieve:: encoding::numbers::ssse3:: encoding::numbers::tests:: pixels::color::tests:: pixels::resize::tests::

miri:
	@$(CARGO) +nightly miri --version >/dev/null 2>&1 || { \
	  echo "make miri needs nightly Rust with Miri: rustup +nightly component add miri rust-src"; exit 1; }
	RUSTFLAGS="-C target-feature=+avx2,+popcnt" \
	  $(CARGO) +nightly miri test -p ndpix --lib --target-dir "$(TARGET)/miri" -- $(UNSAFE)

careful:
	@$(CARGO) +nightly careful setup >/dev/null 2>&1 || { \
	  echo "make careful needs nightly Rust with rust-src, and cargo-careful: cargo install cargo-careful"; exit 1; }
	$(CARGO) +nightly careful test -p ndpix --lib --features stations --target-dir "$(TARGET)/careful"

# Built anew and installed into the environment of the tests.
wheel: $(VENV)/ready
	rm -rf "$(TARGET)/wheels"
	$(MATURIN) build --profile $(PROFILE) --out "$(TARGET)/wheels"
	$(PY) -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$(TARGET)"/wheels/*.whl

# For any Linux of the last ten years.
manylinux: $(VENV)/ready
	$(PY) -m pip install --quiet --disable-pip-version-check ziglang
	$(MATURIN) build --release --zig --compatibility manylinux_2_17 --out "$(TARGET)/manylinux"

site: wheel
	$(PY) -m mkdocs build --strict

reliability: command wheel
	NDPIX="$(NDPIX)" $(PY) scripts/reliability.py

licences: $(VENV)/ready
	CARGO="$(CARGO)" $(PY) scripts/check_licences.py

# Selected with the Python package, whose crates want more of some that they share: so they are built once.
command:
	$(CARGO) build --profile $(PROFILE) -p ndpix-cli -p ndpix-python --bin ndpix

# Publishes nothing. TARGETS="..." builds for these alone.
TOOLS = $(TARGET)/tools

release: $(TOOLS)/ready
	rm -rf "$(TARGET)/release-files"
	CARGO="$(CARGO)" PATH="$(TOOLS)/bin:$$PATH" $(TOOLS)/bin/python scripts/release.py "$(TARGET)/release-files" $(TARGETS)

$(TOOLS)/ready: requirements-release.txt
	test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-release.txt
	touch $@

# Through Rust, then through Python.
conformance: wheel
	$(CARGO) build --profile $(PROFILE) -p ndpix -p ndpix-python --example conformance
	$(PY) "$(CORPUS)/check.py" run --out "$(TARGET)/conformance" --features $(FEATURES) \
	  --adapter '"$(TARGET)/$(PROFILE)/examples/conformance" --spec {spec} --input {input} --out {outdir} --base-dir {base_dir}'
	$(PY) "$(CORPUS)/check.py" run --out "$(TARGET)/conformance-python" --features $(FEATURES) \
	  --adapter '"$(PY)" crates/ndpix-python/conformance.py --spec {spec} --input {input} --out {outdir} --base-dir {base_dir}'

maybe-conformance:
	@if [ -f "$(CORPUS)/check.py" ]; then \
	  $(MAKE) --no-print-directory conformance; \
	else \
	  echo "conformance: no corpus at $(CORPUS), not run (CORPUS=DIR names another place)"; \
	fi

# BENCH holds flags of the runner: BENCH="--only raw,jpeg --out disk --pairs 9 --fresh".
bench-quick: command
	$(PYTHON) bench/run.py quick $(BENCH)

bench: command floor
	$(PYTHON) bench/run.py full $(BENCH)

floor:
	$(CARGO) build --release --locked --manifest-path bench/floor/Cargo.toml --target-dir $(TARGET)/bench/floor

bench-outputs: command
	$(PYTHON) bench/outputs.py $(BENCH)

bench-pixels: command
	$(PYTHON) bench/pixels.py $(BENCH)

bench-scale: command
	$(PYTHON) bench/scale.py $(BENCH)

stages:
	$(CARGO) bench -p ndpix --features stations --bench stages -- $(STAGE)

instructions:
	CARGO="$(CARGO)" $(PYTHON) bench/instructions.py $(if $(UPDATE),--update)

# The stamp is written last, so an interrupted installation is repeated.
$(VENV)/ready: requirements-test.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

clean:
	$(CARGO) clean
	rm -rf $(VENV) demo
