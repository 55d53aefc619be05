/** Waits that end: by what was waited for, or by the time. */
import { sleep } from "../kube/clock.ts";
import type { Clock } from "../kube/clock.ts";
import { duration } from "./render/words.ts";
import { TooLateError } from "./plugin_error.ts";

/** What a look found: the end, or what still lacks. */
export type Look<T> = { readonly found: T } | { readonly lacks: string };

export interface Wait<T> {
  /** As in "Waited 5m for <what>". */
  readonly what: string;
  readonly seconds: number;
  readonly clock: Clock;
  look(): Promise<Look<T>>;
  /** Told whenever what lacks has changed. */
  readonly say?: (lacks: string) => void;
}

const PAUSE_MS = 1_000;

/** @throws TooLateError that says what lacked at last; whatever a look throws. */
export async function waitFor<T>({ what, seconds, clock, look, say }: Wait<T>): Promise<T> {
  const deadline = clock.monotonic() + seconds * 1_000;
  for (let before = "";;) {
    const seen = await look();
    if ("found" in seen) return seen.found;
    if (seen.lacks !== before) say?.(seen.lacks);
    before = seen.lacks;
    if (clock.monotonic() >= deadline) {
      throw new TooLateError(
        `Waited ${
          duration(seconds)
        } for ${what}: ${seen.lacks}; it may still come, and --timeout gives it longer`,
      );
    }
    await sleep(clock, Math.min(PAUSE_MS, Math.max(0, deadline - clock.monotonic())));
  }
}
