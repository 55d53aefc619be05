/** How the plugin ends; docs/kubectl-matriarch.md has the table. What kubectl ends with is passed on by `psql` and `logs`. */
import { EXIT as PROGRAM } from "../cli/exit.ts";

export const EXIT = {
  done: PROGRAM.done,
  /** It could not be done: the line on stderr says why. */
  failed: PROGRAM.failed,
  /** The command line asks for something that cannot be. */
  usage: PROGRAM.usage,
  /** What was waited for did not come in time; it may still come. */
  tooLate: 3,
} as const;

/** A message as one line, with the plugin's name in front. */
export function oneLine(message: string): string {
  return `kubectl-matriarch: ${message.replaceAll(/\s*[\r\n]+\s*/g, "; ").trim()}\n`;
}
