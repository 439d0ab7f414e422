#!/usr/bin/env bash
# Replays the careful reader's run: answers from the tape, experiments done anew, no network.
#   examples/careful_reader/replay.sh [RUNS-FOLDER] [options of `ai-scientist run`]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
runs=${1:-runs}
shift || true
exec "${PYTHON:-$here/../../.venv/bin/python}" -m ai_scientist.cli run "$(cat "$here/topic.txt")" \
  --replay "$here/tape.jsonl" --nodes 8 --timeout 300 --sandbox bubblewrap --output "$runs" "$@"
