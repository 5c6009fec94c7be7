import {
  type CommandAtPath,
  type CompletionArgument,
  type CompletionCommand,
  type CompletionOption,
  type CompletionValue,
  flattenCommands,
  quoteForShell,
} from './completion-spec.ts';

/** The completion for zsh: a file `_cmemstat` in the function path, or text for `source`. */
export function renderZshCompletion(program: CompletionCommand): string {
  const commands = flattenCommands(program);
  return `#compdef cmemstat
# zsh completion of cmemstat, made by "cmemstat completion zsh".

(( $+functions[_cmemstat_report] )) ||
_cmemstat_report() {
  if compset -P '[^:]#:'; then _files; else compadd -S '' "$@"; fi
}

(( $+functions[_cmemstat_command] )) ||
_cmemstat_command() {
  case $1 in
${commands.map(commandCase).join('\n')}
  *) return 1 ;;
  esac
}

# Without the test above: when this file is autoloaded from fpath, a function of this name is what runs it.
_cmemstat() {
  local -a subcommands valued fixed specs
  local command='' rest='' word only_arguments=''
  integer at place=0 begin=1
  _cmemstat_command ''
  for (( at = 2; at < CURRENT; at++ )); do
    word=\${(Q)words[at]}
    if [[ -z $only_arguments && $word == -- ]]; then
      only_arguments=1
    elif [[ -z $only_arguments && $word == -?* ]]; then
      (( $valued[(Ie)$word] )) && (( at++ ))
    elif [[ -z $only_arguments && $place == 0 && -n \${(M)subcommands:#$\{(b)word}:*} ]]; then
      command+=\${command:+ }$word
      begin=$at
      _cmemstat_command $command
    elif [[ \${fixed[place + 1]:-$rest} == target ]]; then
      break
    else
      (( place++ ))
    fi
  done
  if (( at <= CURRENT )) && [[ \${fixed[place + 1]:-$rest} == target ]] &&
    { (( at < CURRENT )) || [[ -n $only_arguments ]] }; then
    # The target's command line is completed as if it stood alone.
    words=("\${(@)words[at,-1]}")
    (( CURRENT -= at - 1 ))
    _normal
    return
  fi
  if (( at == CURRENT )) && [[ -z $only_arguments && $place == 0 && $words[CURRENT] != -* && -n $subcommands ]]; then
    local -i found=1
    _describe -t commands 'cmemstat command' subcommands && found=0
    [[ $rest == target ]] && _command_names -e && found=0
    return found
  fi
  words=("\${(@)words[begin,-1]}")
  (( CURRENT -= begin - 1 ))
  _arguments -S : $specs
}

if [[ $funcstack[1] == _cmemstat ]]; then
  _cmemstat "$@"
else
  compdef _cmemstat cmemstat
fi
`;
}

function commandCase({ path, command }: CommandAtPath): string {
  const valued = command.options
    .filter(({ value }) => value?.isOptional === false)
    .flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
  const fixed = command.arguments.filter(({ isVariadic }) => !isVariadic);
  const rest = command.arguments.find(({ isVariadic }) => isVariadic);
  const specs = [
    ...command.options.flatMap(optionSpecs),
    ...fixed.map((each, index) => `${index + 1}${argumentSpec(each)}`),
    ...(rest === undefined ? [] : [`*${argumentSpec(rest)}`]),
  ];
  return `  ${quoteForShell(path.join(' '))})
    subcommands=(${command.commands.map(({ name, description }) => quoteForShell(`${name}:${description}`)).join(' ')})
    valued=(${valued.map(quoteForShell).join(' ')})
    fixed=(${fixed.map(({ kind }) => kind).join(' ')})
    rest=${rest?.kind ?? ''}
    specs=(
${specs.map((each) => `      ${quoteForShell(each)}`).join('\n')}
    )
    ;;`;
}

/** One specification for each spelling of an option. Source: zshcompsys(1), _arguments. */
function optionSpecs({ short, long, description, isRepeatable, value }: CompletionOption): string[] {
  const names = short === undefined ? [long] : [short, long];
  const excluded = isRepeatable ? '*' : `(${names.join(' ')})`;
  const text = `[${escapeSpec(description)}]`;
  return names.map((name) => {
    if (value === undefined) return `${excluded}${name}${text}`;
    const sign = name.startsWith('--') ? '=' : '+';
    const colons = value.isOptional ? '::' : ':';
    return `${excluded}${name}${sign}${text}${colons}${escapeSpec(value.name)}:${actionOf(value)}`;
  });
}

function argumentSpec(argument: CompletionArgument): string {
  return `:${escapeSpec(argument.name)}:${actionOf(argument)}`;
}

function actionOf(value: CompletionValue): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'wordAndFile':
      return `_cmemstat_report ${value.words.join(' ')}`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'user':
      return '_users';
    case 'target':
      // Not _normal, which would complete the command line of cmemstat itself, again and again.
      return ' _command_names -e';
    case 'text':
      return '';
  }
}

function escapeSpec(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, '\\$&');
}
