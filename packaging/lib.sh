# What the scripts of this folder share: the version, a point in time, and the programs.
# shellcheck shell=bash

# Of the sources, so that what is made of them does not depend on when.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

# The one that every crate has.
workspace_version() {
    sed -n '/^\[workspace\.package\]/,/^\[/s/^version *= *"\(.*\)"/\1/p' Cargo.toml
}

# Builds relayctl, which is relayd too, unless BIN says where it is; leaves its folder in $bin.
build_program() {
    local profile=${PROFILE:-release} target=${CARGO_TARGET_DIR:-$PWD/target}
    if [ -n "${BIN:-}" ]; then
        bin=$(realpath "$BIN")
        return
    fi
    reproducibly cargo build --locked --profile "$profile" --package relayctl ${TARGET:+--target "$TARGET"}
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

# Packs the programs in $bin alone, for systems that are not Debian: archive NAME FOLDER.
archive() {
    local name=$1 folder
    folder=$(mktemp -d)
    mkdir "$folder/$name"
    install -m 755 "$bin/relayctl" "$folder/$name/relayctl"
    strip --strip-unneeded -R .comment -R .note "$folder/$name/relayctl"
    ln -s relayctl "$folder/$name/relayd"
    cp LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md docs/relayd.example.toml packaging/systemd/relayd.service \
        "$folder/$name"
    tar --create --directory "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --mtime="@$SOURCE_DATE_EPOCH" "$name" | xz -6 -T1 >"$2/$name.tar.xz"
    rm -rf "$folder"
}
