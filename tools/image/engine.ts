/** How JavaScript's engine and the memory allocator below it are set for a process that mostly waits: decision 8. */

/**
 * Half-spaces of 2 MB are enough for a process that keeps what it reads; garbage is collected when what is kept has grown by
 * 30 %, where V8 would wait until it has doubled; and it keeps less in reserve. Code is compiled by the quick compiler alone:
 * most of it runs a few hundred times, and the others take more memory, and time, than they give. What has not run for 20 s,
 * such as all that only a start needs, goes until it is called again.
 */
export const engineFlags = [
  "--max-semi-space-size=2",
  "--optimize-for-size",
  "--heap-growing-percent=30",
  "--no-maglev",
  "--no-turbofan",
  "--bytecode-old-time=20",
  "--flush-baseline-code",
].join(",");

/**
 * For who serves admission reviews, whose callers wait: what is called often is compiled by a second compiler, and there is
 * room for what several reviews leave behind at a time. Half of the time for a review, and some 20 MB more. The third
 * compiler would need thousands of reviews to be of use, and costs those that come meanwhile.
 */
export const reviewFlags = [
  "--max-semi-space-size=3",
  "--heap-growing-percent=30",
  "--no-turbofan",
].join(",");

/**
 * The settings as variables of a process. Flags on the command line would win over those that a user sets.
 *
 * Buffers of requests from 64 KB on get mappings of their own, which go back to the kernel when they are freed; the allocator
 * would otherwise keep them between smaller ones that live on. Two arenas are enough for threads that mostly wait: with one
 * for each thread the allocator keeps 10 MB more.
 */
export const engineEnvironment = {
  DENO_V8_FLAGS: engineFlags,
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "131072",
} as const;
