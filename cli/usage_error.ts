/** The command line, or the environment, asks for something that cannot be. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
