import {
  type CommandAtPath,
  type CompletionArgument,
  type CompletionCommand,
  type CompletionValue,
  flattenCommands,
  quoteForShell,
} from './completion-spec.ts';

/**
 * The completion for bash 4.3 and later, independent of the package bash-completion; to be loaded with
 * `source`.
 */
export function renderBashCompletion(program: CompletionCommand): string {
  const commands = flattenCommands(program);
  return `# bash completion of cmemstat, made by "cmemstat completion bash".

# What a command offers: its commands, its options, those of them that need a value, and its arguments by place.
_cmemstat_command() {
  commands=() options=() valued=() arguments=() rest=
  case $1 in
${commands.map(commandCase).join('\n')}
  *) return 1 ;;
  esac
}

# What the value of an option may be: "COMMAND OPTION".
_cmemstat_value() {
  value=text
  case $1 in
${commands.flatMap(valueCases).join('\n')}
  esac
}

# Offers lines that begin with the current word.
_cmemstat_offer() {
  local line
  while IFS= read -r line; do
    [[ $line == "$current"* ]] && COMPREPLY+=("$line")
  done
}

# Offers values of a kind.
_cmemstat_offer_value() {
  case $1 in
  words:*) _cmemstat_offer < <(printf '%s\\n' \${1#words:}) ;;
  wordAndFile:*)
    if [[ $current == *:* ]]; then
      local before=\${current%%:*}:
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -P "$before" -- "\${current#*:}")
    else
      _cmemstat_offer < <(printf '%s\\n' \${1#wordAndFile:})
    fi
    ;;
  file)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    ;;
  directory)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    ;;
  user) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
  esac
}

# The command line of the target; $1 is its first word, an index into COMP_WORDS.
_cmemstat_offer_target() {
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -c -- "$current" | sort -u)
  else
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}

_cmemstat() {
  local -a words=() places=() commands options valued arguments
  local line=\${COMP_LINE:0:COMP_POINT} word next current rest value path='' at place=0 index

  # readline splits words at "=" and ":" too: join what is not separated by spaces.
  line=\${line#"\${line%%[![:space:]]*}"}
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    next=\${line#"\${line%%[![:space:]]*}"}
    ((index == COMP_CWORD)) && word=$next
    if ((index > 0)) && [[ $line == "$next" && -n $line ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word") places+=("$index")
    fi
    line=\${next#"$word"}
  done
  current=\${words[\${#words[@]} - 1]}
  COMPREPLY=()

  _cmemstat_command ''
  local last=$((\${#words[@]} - 1)) only_arguments=
  for ((at = 1; at < last; at++)); do
    word=\${words[at]}
    if [[ -z $only_arguments && $word == -- ]]; then
      only_arguments=1
    elif [[ -z $only_arguments && $word == -?* ]]; then
      for next in "\${valued[@]}"; do
        [[ $next == "$word" ]] && ((at++)) && break
      done
    elif [[ -z $only_arguments && $place == 0 && " \${commands[*]} " == *" $word "* ]]; then
      path+=\${path:+ }$word
      _cmemstat_command "$path"
    elif [[ \${arguments[place]:-$rest} == target ]]; then
      _cmemstat_offer_target "\${places[at]}"
      return
    else
      ((place++))
    fi
  done

  if ((at > last)); then
    _cmemstat_value "$path \${words[last - 1]}"
    _cmemstat_offer_value "$value"
  elif [[ -z $only_arguments && $current == --*=* ]]; then
    local option=\${current%%=*}
    current=\${current#*=}
    _cmemstat_value "$path $option"
    _cmemstat_offer_value "$value"
    # If "=" is a word break, readline replaces the text after it, otherwise the whole word.
    [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("\${COMPREPLY[@]/#/$option=}")
  elif [[ -z $only_arguments && $current == -* ]]; then
    _cmemstat_offer < <(printf '%s\\n' "\${options[@]}")
  else
    if [[ -z $only_arguments && $place == 0 && \${#commands[@]} != 0 ]]; then
      _cmemstat_offer < <(printf '%s\\n' "\${commands[@]}")
    fi
    if [[ \${arguments[place]:-$rest} == target ]]; then
      local -a before=("\${COMPREPLY[@]}")
      _cmemstat_offer_target "\${places[last]}"
      COMPREPLY=("\${before[@]}" "\${COMPREPLY[@]}")
    elif [[ -n \${arguments[place]:-$rest} ]]; then
      _cmemstat_offer_value "\${arguments[place]:-$rest}"
    fi
  fi
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=\${current%"\${current##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}

complete -F _cmemstat cmemstat
`;
}

function commandCase({ path, command }: CommandAtPath): string {
  const names = command.options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
  const valued = command.options
    .filter(({ value }) => value?.isOptional === false)
    .flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
  const rest = command.arguments.find(({ isVariadic }) => isVariadic);
  const fixed = command.arguments.filter(({ isVariadic }) => !isVariadic);
  return `  ${quoteForShell(path.join(' '))})
    commands=(${command.commands.map(({ name }) => quoteForShell(name)).join(' ')})
    options=(${names.map(quoteForShell).join(' ')})
    valued=(${valued.map(quoteForShell).join(' ')})
    arguments=(${fixed.map((each) => quoteForShell(kindOf(each))).join(' ')})
    rest=${rest === undefined ? '' : quoteForShell(kindOf(rest))}
    ;;`;
}

function valueCases({ path, command }: CommandAtPath): string[] {
  return command.options.flatMap(({ short, long, value }) => {
    if (value === undefined || value.kind === 'text') return [];
    const names = short === undefined ? [long] : [long, short];
    const patterns = names.map((name) => quoteForShell(`${path.join(' ')} ${name}`));
    return [`  ${patterns.join(' | ')}) value=${quoteForShell(kindOf(value))} ;;`];
  });
}

/** A kind with its words, such as `words:median worst`. */
function kindOf(value: CompletionValue | CompletionArgument): string {
  return 'words' in value ? `${value.kind}:${value.words.join(' ')}` : value.kind;
}
