/** The shells with completion scripts. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** How each shell loads its completion, for the help and the manual page. */
export const COMPLETION_HELP = `To load completions:
  bash   source <(cmemstat completion bash)        in ~/.bashrc
  zsh    cmemstat completion zsh > DIR/_cmemstat   DIR is in $fpath, before compinit
  fish   cmemstat completion fish > ~/.config/fish/completions/cmemstat.fish`;

/** One of the shells. */
export type Shell = (typeof SHELLS)[number];
