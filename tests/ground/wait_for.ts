/** Waiting for the world to reach a state, with a message that says what was seen instead. */
import { stringify } from "yaml";

/** When to look, and when to give up. */
export interface WaitOptions {
  /** Milliseconds until it is given up; 90 s when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 50 ms when absent. */
  readonly intervalMs?: number;
  /** The end comes at once, with its reason, when this says something: a process has died, say. */
  readonly hopeless?: () => string | undefined;
}

/** What takes seconds on a quiet machine may take a minute on a busy one, and no test fails sooner for a shorter wait. */
const USUAL_MS = 90_000;

/** How much of the last state is shown, in characters. */
const excerptLength = 4000;

/** What {@link waitFor} takes for a yes when no `until` is given. */
export type Present<T> = Exclude<T, undefined | null | false>;

/**
 * Looks again and again until the probe's value is there (neither undefined, null nor false), and returns it.
 * A probe that throws counts as a look that failed.
 * @throws Error with the description and the last state seen, when the time is over.
 */
export async function waitFor<T>(
  description: string,
  probe: () => Promise<T> | T,
  options: WaitOptions = {},
): Promise<Present<T>> {
  const found = await waitUntil(description, probe, isPresent, options);
  if (isPresent(found)) return found;
  throw new Error(`Cannot happen: waited for ${description} and accepted nothing`);
}

/** As {@link waitFor}, but the value must satisfy `accept`; the last one that did not is shown on time-out. */
export async function waitUntil<T>(
  description: string,
  probe: () => Promise<T> | T,
  accept: (value: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = USUAL_MS, intervalMs = 50, hopeless = () => undefined } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    const reason = hopeless();
    if (reason !== undefined) throw new Error(`Cannot go on waiting for ${description}: ${reason}`);
    try {
      const value = await probe();
      if (accept(value)) return value;
      last = value;
    } catch (error) {
      last = error instanceof Error ? `${error.name}: ${error.message}` : error;
    }
    await delay(intervalMs);
  }
  throw new Error(`Waited ${timeoutMs / 1000} s for ${description}. Last seen:\n${excerpt(last)}`);
}

/** Resolves after so many milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function isPresent<T>(value: T): value is Present<T> {
  return value !== undefined && value !== null && value !== false;
}

function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : stringify(value, withoutOwners);
  return text.length <= excerptLength
    ? text
    : `${text.slice(0, excerptLength)}\n... (${text.length} characters)`;
}

/** Who owns which field is long, and hardly ever what a wait was about. */
function withoutOwners(key: unknown, value: unknown): unknown {
  return key === "managedFields" ? undefined : value;
}
