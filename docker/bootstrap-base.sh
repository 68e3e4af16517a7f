#!/usr/bin/env bash
# Makes a base image where none can be pulled: Debian 12 by debootstrap, with this machine's Python 3.10.
#
#   docker/bootstrap-base.sh [IMAGE]
#
# Environment: DOCKER, the client (docker); PYTHON, a Python 3.10 that was built on Debian 12 or an
# older glibc (what uv finds); DEBIAN_MIRROR.
set -euo pipefail

docker=${DOCKER:-docker}
image=${1:-polyrank/base:bookworm-py310}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
# What the standard library's extensions are linked with, and what python:slim has besides.
packages=ca-certificates,netbase,tzdata,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libnsl2,libreadline8,libsqlite3-0,libssl3,libstdc++6,libuuid1,zlib1g

die() { echo "bootstrap-base: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "debootstrap needs root; or name an image that is here: make images BASE_IMAGE=…"
command -v debootstrap >/dev/null || die "no debootstrap found; apt-get install debootstrap"
python=${PYTHON:-$("$(dirname "$0")/../.tools/uv/bin/uv" python find --system 3.10 || command -v python3.10)} || die "no Python 3.10 found; name one: PYTHON=…"
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')

root=$(mktemp --directory --tmpdir polyrank-base.XXXXXX)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include="$packages" bookworm "$root" "$mirror" >"$root.log" || { tail -n 5 "$root.log" >&2; die "debootstrap failed; its log is $root.log"; }
rm -f "$root.log"
# Not its site-packages: pip comes from Python's own bundle.
tar --directory "$prefix" --create --exclude=__pycache__ --exclude='lib/python3.10/site-packages/*' \
    --exclude=lib/python3.10/test --exclude=lib/python3.10/idlelib --exclude=lib/python3.10/tkinter \
    --exclude='lib/python3.10/config-3.10-*' --exclude='*.a' \
    bin/python3 bin/python3.10 include/python3.10 lib/python3.10 \
    $(cd "$prefix" && ls lib/libpython3*.so* 2>/dev/null) | tar --directory "$root/usr/local" --extract --no-same-owner
ln -sf python3 "$root/usr/local/bin/python"
ldconfig -r "$root"
PIP_ROOT_USER_ACTION=ignore chroot "$root" /usr/local/bin/python3 -m ensurepip >/dev/null
chroot "$root" /usr/local/bin/python3 -c 'import bz2, ctypes, curses, lzma, readline, sqlite3, ssl, uuid, zlib'
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
tar --directory "$root" --create . | "$docker" import --change 'CMD ["python3"]' \
    --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' - "$image" >/dev/null
echo "made $image, $("$docker" image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f", $1 / 1e6}') MB, with $("$python" --version) of $prefix"
