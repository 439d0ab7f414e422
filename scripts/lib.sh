# What the scripts share. Sourced, not run, from the repository's root.

VENV=.venv
# Certificates as the system trusts them, so that it works behind a company's proxy too (two names: older uv, newer uv).
export UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1
say() { printf '%s\n' "$*" >&2; }

# Is there a Python that we can run on?
find_python() {
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 \
      && "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo "$@"
  elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then sudo "$@"
  else return 1
  fi
}

# uv, from PATH or into a small environment of its own beside ours.
find_uv() {
  if command -v uv >/dev/null 2>&1; then command -v uv; return; fi
  if [ ! -x .venv-uv/bin/uv ]; then
    local python; python=$1
    if ! "$python" -m venv .venv-uv >/dev/null 2>&1; then
      rm -rf .venv-uv
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >&2 || {
        say "Python's venv module is missing. Install it: apt-get install python3-venv"; exit 2; }
      "$python" -m venv .venv-uv
    fi
    .venv-uv/bin/pip install -q --disable-pip-version-check uv >&2
  fi
  printf '%s\n' "$PWD/.venv-uv/bin/uv"
}

# The locked dependencies. Skipped when lock, project file and Python are those of the last time.
set_up_python() {
  local python stamp wanted lock=requirements.lock
  [ "${1:-}" = dev ] && lock=requirements-dev.lock
  if ! python=$(find_python); then
    say "Python 3.11 or newer is missing. Install it: apt-get install python3 python3-venv"; exit 2
  fi
  wanted=$(cat "$lock" pyproject.toml | sha256sum | cut -c1-16)-$("$python" -c 'import sys; print(sys.version_info[:2])')
  stamp=$VENV/.set-up-$lock
  [ -x $VENV/bin/ai-scientist ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return 0
  say "Setting up Python packages ($lock) …"
  local uv; uv=$(find_uv "$python")
  [ -x $VENV/bin/python ] || "$uv" venv -q --python "$python" $VENV
  # Compiled now: a sandbox cannot write beside packages, so each seed of each experiment would compile them again.
  "$uv" pip install -q --compile-bytecode --python $VENV/bin/python --require-hashes -r "$lock"
  "$uv" pip install -q --python $VENV/bin/python --no-deps -e .
  printf '%s' "$wanted" >"$stamp"
}

PACKAGES="bubblewrap git latexmk texlive-latex-base texlive-latex-recommended texlive-fonts-recommended lmodern"

missing_programs() {
  local missing=""
  command -v bwrap >/dev/null 2>&1 || missing="$missing bubblewrap"
  command -v git >/dev/null 2>&1 || missing="$missing git"
  command -v latexmk >/dev/null 2>&1 && command -v pdflatex >/dev/null 2>&1 \
    && kpsewhich natbib.sty lmodern.sty microtype.sty booktabs.sty >/dev/null 2>&1 || missing="$missing TeX"
  printf '%s' "$missing"
}

# Programs that Python cannot bring. Without root: say what is missing, and go on with the rest.
set_up_programs() {
  local missing; missing=$(missing_programs)
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    say "Missing:$missing. This is no Debian or Ubuntu: install them with your package manager."; return 0
  fi
  say "Installing programs:$missing …"
  if ! { as_root apt-get update -qq \
      && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $PACKAGES; } >/tmp/ai-scientist-apt.$$ 2>&1; then
    say "Could not install:$missing. As root: apt-get install --no-install-recommends $PACKAGES"
    say "Everything else goes on; \`ai-scientist doctor\` says what is lost without them."
  fi
  rm -f /tmp/ai-scientist-apt.$$
}
