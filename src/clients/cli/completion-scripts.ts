export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell runs to complete the words after `belfry`. All of them ask `belfry complete`, which knows the commands and the
 * hub in use.
 */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Bash cuts words at : and =, so the words are read from the line, and what stands before the last cut is left out again.
  bash: `# belfry completion bash
_belfry() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word current before
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  before="\${current%"\${current##*[:=\\'\\"]}"}"
  COMPREPLY=()
  while IFS= read -r word; do
    word="\${word#"\${before//[\\'\\"]/}"}"
    case "$current" in [\\'\\"]*) ;; *) printf -v word %q "$word" ;; esac
    COMPREPLY+=("$word")
  done < <(belfry complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *. ]] && compopt -o nospace 2>/dev/null
}
complete -o default -F _belfry belfry
`,
  zsh: `#compdef belfry
# belfry completion zsh
_belfry() {
  local -a found
  found=("\${(@f)$(belfry complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  compadd -a found
}
if [[ "\${funcstack[1]}" == _belfry ]]; then _belfry "$@"; else compdef _belfry belfry; fi
`,
  fish: `# belfry completion fish
complete -c belfry -f -a '(belfry complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};
