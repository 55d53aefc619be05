/** Reading what proves who we are: files that may be rotated under us, and errors that say what to do. */
import type { Clock } from "./clock.ts";

/** The connection to the API server cannot be worked out from what is configured. One line, for the user. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/**
 * Reads a text file.
 * @throws ConnectionError that names the file, and the permission that is missing if that is the reason.
 */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new ConnectionError(
        `Cannot read ${what} ${path} as this process lacks the permission; start it with --allow-read=${path}`,
      );
    }
    if (error instanceof Deno.errors.NotFound) {
      throw new ConnectionError(`Cannot read ${what} ${path} as the file does not exist`);
    }
    throw new ConnectionError(
      `Cannot read ${what} ${path}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Tokens in files are replaced about every hour, long before they run out; reading once a minute is soon enough. */
const TOKEN_AGE_MS = 60_000;

/**
 * A source of a bearer token that asks `read` at most once a minute. When a later read fails, the last token is used on:
 * the server will say when it is no longer good.
 */
export function refreshedToken(
  read: () => Promise<string>,
  clock: Pick<Clock, "monotonic">,
): () => Promise<string> {
  let token: string | undefined;
  let readAt = -Infinity;
  return async () => {
    if (token !== undefined && clock.monotonic() - readAt < TOKEN_AGE_MS) return token;
    try {
      token = (await read()).trim();
      readAt = clock.monotonic();
    } catch (error) {
      if (token === undefined) throw error;
    }
    return token;
  };
}
