/** Flags of the JavaScript engine, and of the memory allocator below it, that pay for a process which mostly waits. */

/**
 * Bounds the half-spaces in which new objects live to 8 MB. Left alone they grow to 32 MB each while a long list is
 * taken in, and stay so until the process has been quiet for most of a minute.
 */
export const heapFlag = "--v8-flags=--max-semi-space-size=8";

/**
 * As an image runs the bundle: its folder for compiled code is read-only, and making that code costs 50 MB at the first
 * start; half-spaces of 2 MB are enough for a process that keeps what it reads; and garbage is collected when what is kept
 * has grown by 30 %, where V8 would wait until it has doubled.
 */
export const bundleFlags = [
  "--no-code-cache",
  "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=30",
] as const;

/**
 * Environment of such an image. Buffers of requests from 64 KB on get mappings of their own, which go back to the kernel
 * when they are freed; the allocator would otherwise keep them between smaller ones that live on.
 */
export const bundleEnv = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "131072" } as const;
