/** The shells that completions can be made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** How each of them loads its completions, for help and the manual page. */
export const COMPLETION_HELP = `To load completions:
  bash   source <(cmemstat completion bash)        in ~/.bashrc
  zsh    cmemstat completion zsh > DIR/_cmemstat   DIR is in $fpath, before compinit
  fish   cmemstat completion fish > ~/.config/fish/completions/cmemstat.fish`;

/** One of them. */
export type Shell = (typeof SHELLS)[number];
