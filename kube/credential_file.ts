/** Reads files that hold credentials, and says what to do when they cannot be read. */
import type { Clock } from "./clock.ts";

/** Credentials cannot be found or used. The message is one line, meant for whoever starts the program. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/**
 * Reads a text file.
 * @param what What the file is to the reader of an error: "the kubeconfig", "the client key".
 * @throws ConnectionError that names the file and the remedy.
 */
export async function readCredential(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConnectionError(`Cannot read ${what} at ${path}: ${remedy(path, error)}`, { cause: error });
  }
}

function remedy(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `the program has no permission to read there; start it with --allow-read=${path}`;
  }
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "its owner or mode keeps this user from reading it";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder; name the file in it";
  return error instanceof Error ? error.message : String(error);
}

/** Kubelets replace a token well before it expires, and long before a minute counts. */
const REREAD_MS = 60_000;

/**
 * A token that stands in a file which is replaced from time to time. The file is read at most once a minute; when it
 * cannot be read any more, the last token stays in use until it can.
 * @throws ConnectionError from the returned function while there never was a token.
 */
export function tokenFromFile(path: string, clock: Pick<Clock, "monotonic">): () => Promise<string> {
  let token: string | undefined;
  let readAt = -Infinity;
  let reading: Promise<string> | undefined;
  const read = async () => {
    try {
      const text = (await readCredential(path, "the token")).trim();
      if (text === "") throw new ConnectionError(`Cannot use the token at ${path} as the file is empty`);
      token = text;
    } catch (error) {
      if (token === undefined) throw error;
    }
    readAt = clock.monotonic();
    return token;
  };
  return () => {
    if (token !== undefined && clock.monotonic() - readAt < REREAD_MS) return Promise.resolve(token);
    reading ??= read().finally(() => reading = undefined);
    return reading;
  };
}
