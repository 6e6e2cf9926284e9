#!/usr/bin/env bash
# Starts MongoDB with the arguments after the first. That one names the key file, by which the members of a
# replica set know each other, and with which everybody is asked for a password; it is made at the first start.
set -euo pipefail
key=$1
shift
if [ ! -s "$key" ]; then
    # At most 1024 characters of base64 (MongoDB manual, "Keyfiles").
    (umask 077 && head -c 756 /dev/urandom | base64 --wrap=0 >"$key.new")
    mv "$key.new" "$key"
fi
# It gives the file to its user mongodb, and goes on as that one.
exec docker-entrypoint.sh "$@" --keyFile "$key"
