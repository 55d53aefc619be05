/** How the program ends: the codes, and the one line that says why. */

/** See docs/command-line.md. */
export const EXIT = {
  /** What was asked for is done; for `run`: it was told to stop, and has. */
  done: 0,
  /** It cannot go on: the line on stderr says why. */
  failed: 1,
  /** The command line or the environment asks for something that cannot be. */
  usage: 2,
  /** A second signal cut the orderly stop short. */
  interrupted: 130,
} as const;

/** Whoever starts the program must do something. The message is one line that says what. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A message as one line, with the program's name in front. */
export function oneLine(message: string): string {
  return `matriarch: ${message.replaceAll(/\s*[\r\n]+\s*/g, "; ").trim()}\n`;
}
