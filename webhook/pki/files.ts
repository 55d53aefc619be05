/** A certificate that somebody else provides: `tls.crt` and `tls.key` in a folder, read again and again. */
import { join } from "node:path";
import { type Clock, sleep } from "../../kube/clock.ts";
import { objectionToPair } from "../key_pair.ts";
import type { KeyPair } from "../server.ts";

/** The folder is looked at every so many milliseconds; the kubelet itself needs a minute to bring a new certificate. */
export const POLL_MS = 10_000;

export interface FilesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly pollMs?: number;
  /** Takes what the folder holds, at first and whenever it changes. */
  readonly onChange: (found: FoundFiles) => void;
}

/** What a folder holds. */
export interface FoundFiles {
  /** Undefined when a file is missing. */
  readonly pair: KeyPair | undefined;
  /** Why what is there cannot be used, as the end of a sentence. The pair is then the one before, if there was one. */
  readonly objection: string | undefined;
}

/** Follows the folder until `signal` aborts. The first look is told before the first wait. */
export async function followFiles(options: FilesOptions, signal: AbortSignal): Promise<void> {
  const { folder, clock, pollMs = POLL_MS, onChange } = options;
  let last: FoundFiles | undefined;
  do {
    const found = await look(folder, last?.pair);
    if (last === undefined || !isSame(last, found)) onChange(found);
    last = found;
  } while (await sleep(clock, pollMs, signal));
}

/** Two files are never changed at the same moment: a pair that does not fit may do so at the next look. */
async function look(folder: string, before: KeyPair | undefined): Promise<FoundFiles> {
  try {
    const certificate = await Deno.readTextFile(join(folder, "tls.crt"));
    const key = await Deno.readTextFile(join(folder, "tls.key"));
    const pair = { certificate, key };
    const objection = objectionToPair(pair);
    return objection === undefined ? { pair, objection } : { pair: before, objection };
  } catch (error) {
    if (isAbsence(error)) return { pair: undefined, objection: undefined };
    return { pair: before, objection: error instanceof Error ? error.message : String(error) };
  }
}

/** A folder that may not be read is none, as far as anybody meant it for us. */
function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable;
}

function isSame(a: FoundFiles, b: FoundFiles): boolean {
  return a.objection === b.objection && a.pair?.certificate === b.pair?.certificate &&
    a.pair?.key === b.pair?.key;
}
