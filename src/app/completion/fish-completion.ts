import {
  type CommandAtPath,
  type CompletionCommand,
  type CompletionOption,
  type CompletionValue,
  flattenCommands,
} from './completion-spec.ts';

/** The completion for fish 3.4 and later: a file `cmemstat.fish`, or text for `source`. */
export function renderFishCompletion(program: CompletionCommand): string {
  const commands = flattenCommands(program);
  return `# fish completion of cmemstat, made by "cmemstat completion fish".

# The state at the cursor: a command as "command:NAME:PLACE", where PLACE is the number of its arguments, or "value"
# after an option that requires one; or "target:INDEX", the first word of the target.
function __cmemstat_state
    set -l tokens (commandline -opc)
    set -l path ''
    set -l place 0
    set -l only_arguments 0
    set -l at 2
    while test $at -le (count $tokens)
        set -l word $tokens[$at]
        if test $only_arguments = 0 -a "$word" = --
            set only_arguments 1
        else if test $only_arguments = 0; and string match -q -- '-?*' $word
            if __cmemstat_is_valued "$path" $word
                set at (math $at + 1)
                if test $at -gt (count $tokens)
                    set place value
                end
            end
        else if test $only_arguments = 0 -a $place = 0; and __cmemstat_is_command "$path" $word
            set path (string trim -- "$path $word")
        else if __cmemstat_takes_target "$path"
            echo target:$at
            return
        else
            set place (math $place + 1)
        end
        set at (math $at + 1)
    end
    if test $only_arguments = 1; and __cmemstat_takes_target "$path"
        echo target:$at
    else
        echo "command:$path:$place"
    end
end

function __cmemstat_is_command
    switch "$argv[1] $argv[2]"
${cases(commands.flatMap(({ path, command }) => command.commands.map(({ name }) => `${path.join(' ')} ${name}`)))}
    end
    return 1
end

function __cmemstat_is_valued
    switch "$argv[1] $argv[2]"
${cases(
  commands.flatMap(({ path, command }) =>
    command.options
      .filter(({ value }) => value?.isOptional === false)
      .flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]))
      .map((name) => `${path.join(' ')} ${name}`),
  ),
)}
    end
    return 1
end

function __cmemstat_takes_target
    switch "$argv[1]"
${cases(commands.filter(({ command }) => takesTarget(command)).map(({ path }) => path.join(' ')))}
    end
    return 1
end

# Whether a command is being completed; with a second argument, whether it is the argument at this place.
function __cmemstat_in
    set -l state (string split : -- (__cmemstat_state))
    test "$state[1]" = command -a "$state[2]" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test "$state[3]" = value; and return 1
    test "$argv[2]" = any; or test "$state[3]" = "$argv[2]"
end

function __cmemstat_in_target
    string match -q 'target:*' -- (__cmemstat_state)
end

# The target's command line, completed as if it stood alone.
function __cmemstat_complete_target
    set -l first (string replace target: '' -- (__cmemstat_state))
    set -l tokens (commandline -opc)
    set -l words
    if test $first -le (count $tokens)
        set words (string escape -- $tokens[$first..])
    end
    complete "--do-complete=$(string join ' ' -- $words (commandline -ct))"
end

# Words, or one of them with a colon and a file.
function __cmemstat_word_and_file
    set -l before (string match -r '^[^:]*:' -- (commandline -ct | string replace -r '^--[^=]*=' ''))
    if test -n "$before"
        set -l file (commandline -ct | string replace -r '^(--[^=]*=)?[^:]*:' '')
        for each in (__fish_complete_path "$file" | string replace -r '\\t.*' '')
            echo $before$each
        end
    else
        string join \\n -- $argv
    end
end

complete -c cmemstat -f
complete -c cmemstat -n __cmemstat_in_target -x -a '(__cmemstat_complete_target)'
${commands.flatMap(linesOf).join('\n')}
`;
}

function cases(names: readonly string[]): string {
  return names.length === 0 ? '' : `        case ${names.map(quote).join(' ')}\n            return 0`;
}

function takesTarget(command: CompletionCommand): boolean {
  return command.arguments.some(({ kind }) => kind === 'target');
}

function linesOf({ path, command }: CommandAtPath): string[] {
  const at = quote(path.join(' '));
  const line = (place: string, rest: string) =>
    `complete -c cmemstat -n ${quote(`__cmemstat_in ${at}${place}`)} ${rest}`;
  const commands = command.commands.map(({ name, description }) =>
    line(' 0', `-a ${quote(name)} -d ${quote(description)}`),
  );
  const values = command.arguments.flatMap((argument, index) => {
    const action = actionOf(argument);
    return action === undefined ? [] : [line(argument.isVariadic ? ' any' : ` ${index}`, action)];
  });
  return [...commands, ...values, ...command.options.map((option) => line('', optionOf(option)))];
}

function optionOf({ short, long, description, value }: CompletionOption): string {
  const names = [
    ...(short === undefined ? [] : [`-s ${quote(short.slice(1))}`]),
    `-l ${quote(long.slice(2))}`,
  ];
  const action = value === undefined ? [] : value.isOptional ? [] : [actionOf(value) ?? '-x'];
  return [...names, ...action, `-d ${quote(description)}`].join(' ');
}

/** How fish completes a kind of value; undefined without completion. */
function actionOf(value: CompletionValue): string | undefined {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quote(value.words.join(' '))}`;
    case 'wordAndFile':
      return `-x -a ${quote(`(__cmemstat_word_and_file ${value.words.join(' ')})`)}`;
    case 'file':
      return '-r -F';
    case 'directory':
      return `-x -a ${quote('(__fish_complete_directories (commandline -ct))')}`;
    case 'user':
      return `-x -a ${quote('(__fish_complete_users)')}`;
    case 'target':
      return `-x -a ${quote('(complete "--do-complete=$(commandline -ct)")')}`;
    case 'text':
      return undefined;
  }
}

/** A text in single quotes. Source: fish-language, Quotes. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
