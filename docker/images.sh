#!/usr/bin/env bash
# Builds the container images: docker/images.sh [pipeline] [pipeline-gpu] [model-server]
#
# Environment:
#   DOCKER         the client (docker)
#   TAG            the images' tag (latest)
#   BASE_IMAGE     Debian with Python 3.10; without it the Dockerfile's own, or, where that can't be
#                  pulled, one that docker/bootstrap-base.sh makes
#   CA_BUNDLE      certificates for a network whose proxy has its own; never part of an image
#   BUILD_NETWORK  the network of the build (default), such as host
set -euo pipefail
cd "$(dirname "$0")/.."

docker=${DOCKER:-docker}
bootstrapped=polyrank/base:bookworm-py310

die() { echo "images: $*" >&2; exit 1; }

command -v "$docker" >/dev/null || die "no '$docker' found; install a docker engine (Debian: apt-get install docker.io)"
said=$("$docker" info 2>&1 >/dev/null) || die "no docker engine answers; start one (dockerd) and run make images again
$said"

# Secrets need BuildKit: a plugin of the client, in it before version 23.
if ! "$docker" buildx version >/dev/null 2>&1; then
    version=$("$docker" version --format '{{.Client.Version}}')
    [ "${version%%.*}" -lt 23 ] || die "the client $(command -v "$docker") $version has no buildx; install its plugin, or name another client: DOCKER=/usr/bin/docker"
fi

base=${BASE_IMAGE:-}
if [ -z "$base" ]; then
    base=$(sed -n 's/^ARG BASE_IMAGE=//p' docker/Dockerfile)
    if ! "$docker" image inspect "$base" >/dev/null 2>&1 && ! said=$("$docker" pull --quiet "$base" 2>&1 >/dev/null); then
        echo "images: $base can't be pulled ($said); the base is $bootstrapped"
        base=$bootstrapped
        "$docker" image inspect "$base" >/dev/null 2>&1 || DOCKER=$docker docker/bootstrap-base.sh "$base"
    fi
fi

build() { # image, target, lock
    local started=$SECONDS
    DOCKER_BUILDKIT=1 "$docker" build --file docker/Dockerfile --target "$2" \
        --build-arg BASE_IMAGE="$base" --build-arg LOCK="requirements/$3.txt" \
        --network "${BUILD_NETWORK:-default}" ${CA_BUNDLE:+--secret "id=ca_bundle,src=$CA_BUNDLE"} \
        --progress plain --tag "polyrank/$1:${TAG:-latest}" .
    echo "built polyrank/$1:${TAG:-latest} in $((SECONDS - started)) s, $("$docker" image inspect --format '{{.Size}}' "polyrank/$1:${TAG:-latest}" | awk '{printf "%.2f", $1 / 1e9}') GB"
}

for image in ${*:-pipeline model-server pipeline-gpu}; do
    case $image in
        pipeline) build pipeline pipeline tfx116 ;;
        pipeline-gpu) build pipeline-gpu pipeline-gpu tfx116-gpu ;;
        model-server) build model-server model-server serving ;;
        *) die "unknown image '$image'; there are pipeline, pipeline-gpu and model-server" ;;
    esac
done
