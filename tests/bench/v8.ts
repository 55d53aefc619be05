/** A flag of the JavaScript engine that pays for a process which mostly waits. */

/**
 * Bounds the half-spaces in which new objects live to 8 MB. Left alone they grow to 32 MB each while a long list is
 * taken in, and stay so until the process has been quiet for most of a minute.
 */
export const heapFlag = "--v8-flags=--max-semi-space-size=8";
