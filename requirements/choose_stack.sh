#!/bin/sh
# Chooses the Python and the lock of the environment, for the Makefile:
#
#   requirements/choose_stack.sh [PYTHON [LOCK]]
#
# What is given (not empty) is kept, and the other follows from it. Prints one line: the Python, the
# lock, then the reason for people. Every make target calls it, so it is quick and has no effect.
set -eu
old_python=3.10 old_lock=requirements/tfx116-dev.txt
new_python=3.13 new_lock=requirements/tfx121-dev.txt
new_tfx=1.21 new_glibc=2.39

refuse() { echo "setup: $1" >&2; exit 1; }

# uv may not be here yet, so these are the places where it looks: PATH, and its own Pythons.
find_new_python() {
  # Runs it: pyenv puts commands on PATH for Pythons that are not selected, and these fail.
  if "python$new_python" -c '' 2>/dev/null; then
    command -v "python$new_python"
    return
  fi
  for found in "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/uv/python}"/cpython-$new_python.*/bin/python$new_python; do
    if [ -x "$found" ]; then echo "$found"; return; fi
  done
}

at_least() { # VERSION WANTED
  minor=${1#*.}
  [ "${1%%.*}" -gt "${2%%.*}" ] || { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${minor%%.*}" -ge "${2#*.}" ]; }
}

python=${1:-} lock=${2:-}
if [ -n "$lock" ]; then
  [ -f "$lock" ] || refuse "LOCK=$lock does not exist; the locks are requirements/*.txt"
  why="LOCK= names it"
  [ -z "$python" ] || why="PYTHON= and LOCK= name them"
  # uv writes its command above a lock.
  python=${python:-$(sed -n '1,5s/.*--python-version \([0-9.]*\).*/\1/p' "$lock")}
  [ -n "$python" ] || refuse "LOCK=$lock does not say for which Python it was made; give PYTHON= too"
elif [ -n "$python" ]; then
  why="PYTHON=$python asks for it"
  # A version, such as 3.13 or cpython-3.13.1, or a path.
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo "$python")
  case $version in
    *$new_python*) lock=$new_lock ;;
    *$old_python*) lock=$old_lock ;;
    *) refuse "no lock is made for PYTHON=$python; $old_python has $old_lock and $new_python has $new_lock, or give LOCK= too" ;;
  esac
else
  python=$old_python lock=$old_lock
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
  glibc=${glibc#glibc }
  if [ -z "$glibc" ]; then
    why="there is no glibc here and TFX $new_tfx needs $new_glibc"
  elif ! at_least "$glibc" "$new_glibc"; then
    why="glibc here is $glibc and TFX $new_tfx needs $new_glibc"
  else
    found=$(find_new_python)
    if [ -n "$found" ]; then
      python=$new_python lock=$new_lock
      why="glibc here is $glibc and Python $new_python is $found"
    else
      why="TFX $new_tfx needs Python $new_python, which is neither on PATH nor in uv"
    fi
  fi
fi
tfx=$(sed -n 's/^tfx==\([0-9]*\.[0-9]*\).*/\1/p' "$lock")
echo "$python $lock TFX ${tfx:-(none)} on Python $python ($lock), because $why"
