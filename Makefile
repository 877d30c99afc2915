# make demo         build, then turn 28 sample records into demo/images.npy
# make test         everything that has to be green
# make conformance  the conformance corpus, where it is present
# make clean        remove what these targets made

CARGO  ?= cargo
PYTHON ?= python3
VENV   ?= .venv
CORPUS ?= ../shared/conformance
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

TARGET = $(abspath $(CARGO_TARGET_DIR))
NDPIX = $(TARGET)/release/ndpix
PY    = $(VENV)/bin/python

# Optional corpus features that ndpix claims; CONTRIBUTING.md says which it does not, and why.
FEATURES = gzip-input,zstd-input,field-path,json-numpy,format:ico,format:pnm,format:qoi,format:tga,tiff:cmyk,tiff:fax,tiff:odd-bits

.PHONY: demo test rust python licences conformance maybe-conformance release clean
.NOTPARALLEL:

demo: release $(VENV)/ready
	NDPIX="$(NDPIX)" PYTHON="$(PY)" scripts/demo.sh

test: rust python licences maybe-conformance
	@echo "make test: all green"

rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --lib --no-deps
	$(CARGO) test --workspace

python: release $(VENV)/ready
	NDPIX="$(NDPIX)" $(PY) -m unittest discover -s tests/python -p 'test_*.py' -t tests/python

licences: $(VENV)/ready
	CARGO="$(CARGO)" $(PY) scripts/check_licences.py

release:
	$(CARGO) build --release -p ndpix-cli

conformance: $(VENV)/ready
	$(CARGO) build --release -p ndpix --example conformance
	$(PY) "$(CORPUS)/check.py" run --out "$(TARGET)/conformance" --features $(FEATURES) \
	  --adapter '"$(TARGET)/release/examples/conformance" --spec {spec} --input {input} --out {outdir} --base-dir {base_dir}'

maybe-conformance:
	@if [ -f "$(CORPUS)/check.py" ]; then \
	  $(MAKE) --no-print-directory conformance; \
	else \
	  echo "conformance: no corpus at $(CORPUS), not run (CORPUS=DIR names another place)"; \
	fi

# The stamp is written last, so an interrupted installation is repeated.
$(VENV)/ready: requirements-test.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

clean:
	$(CARGO) clean
	rm -rf $(VENV) demo
