# What the scripts of this folder share: the version, a point in time, and the programs.
# shellcheck shell=bash

# Of the sources, so that what is made of them does not depend on when.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

# The one that every crate has.
workspace_version() {
    sed -n '/^\[workspace\.package\]/,/^\[/s/^version *= *"\(.*\)"/\1/p' Cargo.toml
}

# Builds relayd and relayctl unless BIN says where they are; leaves their folder in $bin.
build_programs() {
    local profile=${PROFILE:-release} target=${CARGO_TARGET_DIR:-$PWD/target}
    if [ -n "${BIN:-}" ]; then
        bin=$(realpath "$BIN")
        return
    fi
    reproducibly cargo build --locked --profile "$profile" --package relayd --package relayctl ${TARGET:+--target "$TARGET"}
    [ "$profile" != dev ] || profile=debug
    bin=$(realpath "$target/${TARGET:+$TARGET/}$profile")
}

# Runs a command so that what it compiles does not tell where that was.
reproducibly() {
    local cargo=${CARGO_HOME:-$HOME/.cargo} target
    target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
    RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$target=/target --remap-path-prefix=$cargo=/cargo --remap-path-prefix=$PWD=/relayd" \
        CFLAGS="${CFLAGS:-} -ffile-prefix-map=$target=/target -ffile-prefix-map=$cargo=/cargo -ffile-prefix-map=$PWD=/relayd" \
        CARGO_INCREMENTAL=0 "$@"
}
