#!/usr/bin/env bash
# The step of action.yml. All input is in the environment: INPUT_* from the action, GITHUB_* and RUNNER_TEMP from the runner.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
directory=$(mktemp -d "${RUNNER_TEMP:-/tmp}/cmemstat-XXXXXX")
cd -- "${INPUT_WORKING_DIRECTORY:-.}"

arguments=(--output "$directory/recording.jsonl" --report "json:$directory/verdict.json")

# Adds "option line" for each line of a text, or only the line if there is no option.
add_lines() {
  local option=$1 line
  while IFS= read -r line || [ -n "$line" ]; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    case $line in '' | '#'*) continue ;; esac
    if [ -n "$option" ]; then arguments+=("$option" "$line"); else arguments+=("$line"); fi
  done <<<"$2"
}

# Adds "option value" if there is a value.
add() {
  if [ -n "$2" ]; then arguments+=("$1" "$2"); fi
}

add_lines --budget "${INPUT_BUDGETS:-}"
add_lines --report "${INPUT_REPORTS:-}"
add --budget-file "${INPUT_BUDGET_FILE:-}"
add --baseline "${INPUT_BASELINE:-}"
add --max-regression "${INPUT_MAX_REGRESSION:-}"
add --timeout "${INPUT_TIMEOUT:-}"
if [ "${INPUT_RUNS:-1}" != 1 ]; then add --runs "$INPUT_RUNS"; fi
if [ "${INPUT_BUDGET_OPTIONAL:-false}" = true ]; then arguments+=(--budget-optional); fi
add_lines '' "${INPUT_CMEMSTAT_ARGS:-}"

cmemstat=${INPUT_EXECUTABLE:-}
if [ -z "$cmemstat" ]; then
  # Built before sudo is used: root would leave its own files in the checkout and in the user's npm cache.
  if [ ! -e "$root/dist/start.cjs" ]; then npm ci --prefix "$root" >&2; fi
  cmemstat=$root/bin/cmemstat.js
elif [[ $cmemstat == */* ]]; then
  # sudo looks a name without a slash up in PATH, and so does the shell.
  cmemstat=$(realpath -- "$cmemstat")
fi

with_sudo=${INPUT_SUDO:-auto}
if [ "$(id -u)" = 0 ]; then
  with_sudo=false
elif [ "$with_sudo" = auto ]; then
  if sudo -n true 2>/dev/null; then with_sudo=true; else with_sudo=false; fi
fi
run=("$cmemstat")
if [ "$with_sudo" = true ]; then
  # sudo has a different PATH, without the Node.js of the job. cmemstat needs root, the command does not.
  run=(sudo -n -E env "PATH=$PATH" "$cmemstat" --user "$(id -u):$(id -g)")
fi

status=0
"${run[@]}" "${arguments[@]}" -- sh -e -c "$INPUT_COMMAND" || status=$?

if [ "$with_sudo" = true ]; then sudo -n chown -R "$(id -u):$(id -g)" "$directory"; fi
# With several runs there is one numbered recording per run. The same one is used in every locale.
LC_ALL=C
recording=$directory/recording.jsonl
if [ ! -e "$recording" ]; then
  for file in "$directory"/recording*.jsonl; do
    if [ -e "$file" ]; then recording=$file && break; fi
  done
fi
{
  echo "exit-status=$status"
  echo "verdict=$directory/verdict.json"
  echo "recording=$recording"
  echo "directory=$directory"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$status"
