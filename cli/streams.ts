/** Standard output and standard error. */

/** Takes text as it is. */
export interface Output {
  write(text: string): void;
}

/** Writes to stdout at once. A reader that went away (`matriarch crds | head`) is no error. */
export const stdout: Output = { write: (text) => writeAll(Deno.stdout, text) };

/** Writes to stderr at once. */
export const stderr: Output = { write: (text) => writeAll(Deno.stderr, text) };

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
