/**
 * While an object of the Multigres family comes up, its counts and words change with each pod, and those of its parents with
 * them: so they are written once in so many milliseconds. A phase and what a condition says are written at once.
 */
export const STATUS_REST_MS = 5_000;
