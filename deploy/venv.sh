#!/bin/sh
# Makes .venv from requirements.lock with a Python that fits: $PYTHON if it is set, else the first found.
# Needs the network only for packages that .venv does not have yet.
set -eu
cd "$(dirname "$0")/.."

# Prints "<major>.<minor>" of an interpreter, nothing if it does not start.
version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

fits() {
    case "$(version "$1")" in 3.11 | 3.12 | 3.13) ;; *) return 1 ;; esac
}

# Debian splits these off into a package of its own.
makes_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

refuse() {
    printf 'Linli needs Python 3.11, 3.12 or 3.13. %s\n' "$1" >&2
    cat >&2 <<'HELP'
What to do:
  Debian, Ubuntu   apt install python3 python3-venv      (Debian 12 has 3.11, 13 has 3.13, Ubuntu 24.04 has 3.12)
  macOS            brew install python@3.13
  elsewhere        install one of them, then: make PYTHON=/path/to/python3.13 ...
HELP
    exit 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        found=$(version "$PYTHON")
        [ -n "$found" ] || refuse "PYTHON=$PYTHON does not start."
        fits "$PYTHON" || refuse "PYTHON=$PYTHON is Python $found."
        makes_environments "$PYTHON" || refuse "PYTHON=$PYTHON lacks the venv or ensurepip module."
        printf '%s\n' "$PYTHON"
        return
    fi
    seen=""
    for candidate in python3.13 python3.12 python3.11 python3 python \
        /usr/bin/python3 /opt/homebrew/bin/python3 /usr/local/bin/python3; do
        found=$(version "$candidate")
        [ -n "$found" ] || continue
        if ! fits "$candidate"; then
            seen="$seen $candidate is $found,"
        elif ! makes_environments "$candidate"; then
            seen="$seen $candidate is $found but lacks the venv or ensurepip module,"
        else
            printf '%s\n' "$candidate"
            return
        fi
    done
    [ -n "$seen" ] || refuse "None was found."
    refuse "Found:${seen%,}."
}

# An environment of a version that fits stays, unless PYTHON asks for another one.
kept() {
    [ -x .venv/bin/python ] && fits .venv/bin/python || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version "$PYTHON")" = "$(version .venv/bin/python)" ]
}

if ! kept; then
    python=$(find_python)
    echo "Making .venv with $python ($(version "$python")); the first time takes a minute or two."
    "$python" -m venv --clear .venv
elif [ .venv/ready -nt requirements.lock ] && [ .venv/ready -nt pyproject.toml ]; then
    exit 0
fi
pip() {
    .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"
}
pip install --require-hashes --requirement requirements.lock
# Hashes cannot be required of an editable install, so the project itself comes after them, alone.
pip install --no-deps --no-build-isolation --editable .
touch .venv/ready
