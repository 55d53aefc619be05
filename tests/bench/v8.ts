/** A flag of the JavaScript engine that pays for a process which mostly waits. */

/**
 * Bounds the half-spaces in which new objects live to 8 MB. Left alone they grow to 32 MB each while a long list is
 * taken in, and stay so until the process has been quiet for most of a minute.
 */
export const heapFlag = "--v8-flags=--max-semi-space-size=8";

/**
 * As an image runs the bundle: its folder for compiled code is read-only, and making that code costs 50 MB at the first
 * start; half-spaces of 2 MB are enough for a process that keeps what it reads.
 */
export const bundleFlags = ["--no-code-cache", "--v8-flags=--max-semi-space-size=2"] as const;
