/** `matriarch completion`: what bash needs to complete commands, flags and their values. */
import { COMPLETE } from "./app.ts";

/** The script, for `source <(matriarch completion)`. It asks the program for the words that may follow. */
export function completion(): Promise<string> {
  return Promise.resolve(`_matriarch_complete() {
  local IFS=$'\\n'
  local word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($("\${COMP_WORDS[0]}" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null))
}
complete -o default -F _matriarch_complete matriarch
`);
}
