#!/usr/bin/env bash
# Runs ndpix of another system under an emulator: the conformance corpus, where it is present, and the cases of the tests.
#   scripts/elsewhere.sh arm|windows|musl CORPUS FEATURES
# TARGET is where builds go, PY a Python with the packages of the tests.
set -eu
cd "$(dirname "$0")/.."
system=$1 corpus=$2 features=$3
cargo=${CARGO:-cargo}

need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || { echo "make test-$system needs $1: apt-get install $2"; exit 1; }
}

case $system in
  arm)
    triple=aarch64-unknown-linux-gnu end= start="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    need qemu-aarch64 qemu-user
    need aarch64-linux-gnu-gcc "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    ;;
  musl)
    triple=x86_64-unknown-linux-musl end= start=
    need musl-gcc musl-tools
    ;;
  windows)
    triple=x86_64-pc-windows-gnu end=.exe start=wine
    need wine "wine wine64"
    need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
    export WINEPREFIX="$TARGET/wine" WINEDEBUG=-all
    ;;
  *) sed -n 2,4p "$0"; exit 2 ;;
esac
[ -d "$(rustc --print target-libdir --target $triple)" ] || {
  echo "make test-$system needs Rust's library for it: rustup target add $triple"; exit 1; }

# Codecs are optimised as in any build for development, ndpix itself is not: that is built sooner.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0
$cargo build --locked -p ndpix -p ndpix-cli --bin ndpix --example conformance --target $triple
built="$TARGET/$triple/debug"

if [ $system = windows ]; then
  # Wine 8 lacks the one function of Windows 10 that Rust takes random numbers from.
  echo '#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T len) { return SystemFunction036(to, (ULONG)len); }' > "$built/prng.c"
  for folder in "$built" "$built/examples"; do
    x86_64-w64-mingw32-gcc -shared -o "$folder/bcryptprimitives.dll" "$built/prng.c" -ladvapi32
  done
  wineboot -i >/dev/null 2>&1
fi

# The command as the tests call it.
command="$built/ndpix-here"
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$start" "$built/ndpix$end" > "$command"
chmod +x "$command"
"$command" --version

if [ -f "$corpus/check.py" ]; then
  rm -rf "$TARGET/conformance-$system"
  "$PY" "$corpus/check.py" run --out "$TARGET/conformance-$system" --features "$features" \
    --adapter "$start '$built/examples/conformance$end' --spec {spec} --input {input} --out {outdir} --base-dir {base_dir}"
else
  echo "conformance: no corpus at $corpus, not run (CORPUS=DIR names another place)"
fi
NDPIX="$command" "$PY" -m unittest discover -s tests/python -p 'test_cases.py' -t tests/python
