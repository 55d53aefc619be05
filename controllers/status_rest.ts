/**
 * While an object comes up, its counts and words change with each pod, and those of its parents with
 * them: so they are written once in so many milliseconds. A phase and what a condition says are written at once.
 */
export const STATUS_REST_MS = 5_000;

/** What parents repeat of their children stands in these already. */
export const PARENT_REST_MS = 20_000;

/** For objects that see what they tell of themselves. */
export function restOfOwn(): number {
  return STATUS_REST_MS;
}

/** For objects whose words are marks of what was done, once they are up: nothing is held back then. */
export function restWhileCreating({ phase }: { readonly phase?: unknown }): number {
  return phase === "Creating" ? STATUS_REST_MS : 0;
}

/** For objects that tell of their children: while those come up, their words change most, and matter least. */
export function restOfParent({ phase }: { readonly phase?: unknown }): number {
  return phase === "Progressing" || phase === "Initializing" ? PARENT_REST_MS : STATUS_REST_MS;
}
