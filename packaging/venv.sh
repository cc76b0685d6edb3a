#!/bin/sh
# venv.sh DIR LOCK: makes a virtual environment with what LOCK names, whole or not at all.
set -eu
dir=$1 lock=$2
if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo 'installing python3 and python3-venv …' >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv >/dev/null
fi
mkdir -p "$(dirname "$dir")"
exec 9>"$dir.lock"
flock 9
[ -x "$dir/bin/python" ] && exit 0
echo "installing Python packages of $lock into $dir …" >&2
rm -rf "$dir.new" "$dir"
python3 -m venv "$dir.new"
"$dir.new/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
# Scripts name their interpreter by its path: make the environment where it will stay.
python3 -m venv --upgrade "$dir.new" >/dev/null
sed -i "1s#$dir.new/#$dir/#" "$dir.new"/bin/* 2>/dev/null || true
mv "$dir.new" "$dir"
