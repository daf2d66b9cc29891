#!/bin/sh
# Build infrastructure/scripts/quickjs.wasm anew from the pinned source of QuickJS-ng and infrastructure/scripts/shim.c.
# The same tools make the same bytes: those of Debian 12 are
#   apt-get install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32
set -eu

cd "$(dirname "$0")/.."
package=quickjs-ng==0.17.0.2 # QuickJS-ng 0.17.0
package_sha256=43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef
clang=14.0.6
wasi_libc=0.0~git20220510.9886d3d-2

folder=infrastructure/scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

clang-14 --version | grep -qF "version $clang" || echo "build_quickjs: clang is not $clang, so the bytes will differ" >&2
dpkg -s wasi-libc | grep -qF "Version: $wasi_libc" ||
    echo "build_quickjs: wasi-libc is not $wasi_libc, so the bytes will differ" >&2

"${PYTHON:-python3}" -m pip --disable-pip-version-check download --quiet --no-deps --no-binary :all: \
    --dest "$work" "$package"
echo "$package_sha256  $work/quickjs_ng-0.17.0.2.tar.gz" | sha256sum --check --quiet
tar -xzf "$work/quickjs_ng-0.17.0.2.tar.gz" -C "$work" --strip-components=1
quickjs=$work/upstream-quickjs

compile() {
    clang-14 --target=wasm32-wasi -std=gnu11 -O2 -DNDEBUG -D_GNU_SOURCE -ffunction-sections -fdata-sections \
        -fvisibility=hidden "-ffile-prefix-map=$work=." -I "$quickjs" -c "$1" -o "$work/$(basename "$1" .c).o" "$2"
}

for name in quickjs libregexp libunicode dtoa; do
    compile "$quickjs/$name.c" -w
done
compile $folder/shim.c -Wall

# The stack lies below everything else, so that what overflows it traps. The first 8 MiB are there from the start: a
# call that needs no more leaves the size of the memory alone, and the machine can be used again.
clang-14 --target=wasm32-wasi -mexec-model=reactor "$work/quickjs.o" "$work/libregexp.o" "$work/libunicode.o" \
    "$work/dtoa.o" "$work/shim.o" -o "$work/quickjs.wasm" \
    -Wl,--gc-sections,--strip-all,--stack-first,-z,stack-size=262144,--initial-memory=8388608

install -m 644 "$work/quickjs.wasm" $folder/quickjs.wasm
echo "$folder/quickjs.wasm is built; WASM_SHA256 in $folder/engine.py has to be"
sha256sum < $folder/quickjs.wasm | cut -d ' ' -f 1
