/**
 * `completion`: scripts that complete `kubectl-matriarch`. For `kubectl matriarch` kubectl itself asks a program named
 * `kubectl_complete-matriarch` on PATH, which `deno task plugin` makes too.
 */
import { COMPLETE } from "../complete.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

const bash = `_kubectl_matriarch() {
  local IFS=$'\\n'
  COMPREPLY=($(kubectl-matriarch ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kubectl_matriarch kubectl-matriarch
`;

const zsh = `#compdef kubectl-matriarch
_kubectl_matriarch() {
  local -a proposals
  proposals=("\${(@f)$(kubectl-matriarch ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- "\${proposals[@]}"
}
compdef _kubectl_matriarch kubectl-matriarch
`;

const fish = `function __kubectl_matriarch
  set -l words (commandline -opc) (commandline -ct)
  kubectl-matriarch ${COMPLETE} $words[2..-1] 2>/dev/null
end
complete -c kubectl-matriarch -f -a '(__kubectl_matriarch)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

export function completion(shell: Shell): string {
  return scripts[shell];
}
