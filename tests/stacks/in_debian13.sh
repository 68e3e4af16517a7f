#!/usr/bin/env bash
# Runs a command in a Debian 13 root, on a copy of this repository in /srv/polyrank:
#
#   tests/stacks/in_debian13.sh ROOT COMMAND [ARGUMENT...]
#
# ROOT is made by debootstrap and used again when it is there; to start anew, delete the folder.
# All mounts and processes are in namespaces of their own and go with them, however this ends.
#
# Environment:
#   DEBIAN_MIRROR              where Debian's packages come from
#   POLYRANK_KUAIRAND_EXCERPT  a folder of KuaiRand's files; without it the tests that need them skip
set -euo pipefail

PACKAGES="g++ git libc6-dev make mariadb-server python3 python3-dev python3-venv"
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
REPOSITORY=$(cd "$(dirname "$0")/../.." && pwd)
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
EXCERPT=${POLYRANK_KUAIRAND_EXCERPT:-}

refuse() { echo "in_debian13: $1" >&2; exit 1; }

[ $# -ge 2 ] || refuse "usage: $0 ROOT COMMAND [ARGUMENT...]"
[ "$(id -u)" = 0 ] || refuse "debootstrap, mount and chroot need root: run it with sudo or as root"
[ "$(uname -m)" = x86_64 ] || refuse "TFX 1.21 has wheels for x86_64 only, and this is $(uname -m)"
[ -z "$EXCERPT" ] || [ -d "$EXCERPT" ] || refuse "POLYRANK_KUAIRAND_EXCERPT is no folder: $EXCERPT"
for tool in debootstrap unshare chroot git tar; do
  command -v $tool >/dev/null || refuse "'$tool' is missing: apt-get install debootstrap debian-archive-keyring util-linux coreutils git tar"
done
if [ "${POLYRANK_IN_NAMESPACES:-}" != yes ]; then
  unshare --mount --pid --fork true 2>/dev/null \
    || refuse "this machine gives no mount namespaces (a container needs --privileged)"
  POLYRANK_IN_NAMESPACES=yes exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

mkdir -p "$1"
ROOT=$(cd "$1" && pwd)
shift

if [ ! -e "$ROOT/.complete" ]; then
  [ -e "$ROOT/.started" ] || [ -z "$(ls -A "$ROOT")" ] \
    || refuse "$ROOT is not empty and not a root that this script made: name another folder"
  find "$ROOT" -mindepth 1 -delete
  touch "$ROOT/.started"
  echo "in_debian13: making a Debian 13 root in $ROOT (some minutes; output in $ROOT.log)"
  debootstrap --force-check-gpg --variant=minbase --include=ca-certificates trixie "$ROOT" "$MIRROR" >"$ROOT.log" 2>&1 \
    || { tail -n 5 "$ROOT.log" >&2; refuse "debootstrap failed; all of its output is in $ROOT.log"; }
  mv "$ROOT/.started" "$ROOT/.complete"
fi

# What the machine says about the network holds in the root too.
cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
cp -L "${SSL_CERT_FILE:-$CERTIFICATES}" "$ROOT$CERTIFICATES" 2>/dev/null \
  || echo "in_debian13: no certificates in ${SSL_CERT_FILE:-$CERTIFICATES}; Debian's own are used" >&2

environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "SSL_CERT_FILE=$CERTIFICATES")
for name in CI http_proxy https_proxy no_proxy UV_DEFAULT_INDEX; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done

mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
inside() { chroot "$ROOT" /usr/bin/env --ignore-environment "${environment[@]}" "$@"; }

if [ "$(cat "$ROOT/.packages" 2>/dev/null)" != "$PACKAGES" ]; then
  # No service of a package may start: the root shares this machine's network.
  printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
  chmod +x "$ROOT/usr/sbin/policy-rc.d"
  { inside apt-get update && inside DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $PACKAGES; } \
    >>"$ROOT.log" 2>&1 || { tail -n 5 "$ROOT.log" >&2; refuse "apt-get failed; all of its output is in $ROOT.log"; }
  inside apt-get clean
  echo "$PACKAGES" >"$ROOT/.packages"
fi

mkdir -p "$ROOT/srv/polyrank" "$ROOT/srv/kuairand"
find "$ROOT/srv/polyrank" -mindepth 1 -maxdepth 1 ! -name .venv ! -name work -exec rm -rf {} +
git -C "$REPOSITORY" -c safe.directory="$REPOSITORY" ls-files -z --cached --others --exclude-standard \
  | tar -C "$REPOSITORY" --null --files-from=- --ignore-failed-read --create \
  | tar -C "$ROOT/srv/polyrank" --no-same-owner --extract
cp -a "$REPOSITORY/.tools" "$ROOT/srv/polyrank/"
if [ -n "$EXCERPT" ]; then
  cp -a "$EXCERPT/." "$ROOT/srv/kuairand/"
  environment+=(POLYRANK_KUAIRAND_EXCERPT=/srv/kuairand)
fi
exec chroot "$ROOT" /usr/bin/env --ignore-environment --chdir=/srv/polyrank "${environment[@]}" "$@"
