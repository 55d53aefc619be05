/** How JavaScript's engine and the memory allocator below it are set for a process that mostly waits: decision 8. */

/**
 * Half-spaces of 2 MB are enough for a process that keeps what it reads; garbage is collected when what is kept has grown by
 * 30 %, where V8 would wait until it has doubled; and it keeps less in reserve. Only what runs very often is compiled for the machine: most code of such a
 * process runs a few hundred times, and its machine code would take more memory, and time to make, than it gives.
 */
export const engineFlags = [
  "--max-semi-space-size=2",
  "--optimize-for-size",
  "--heap-growing-percent=30",
  "--no-sparkplug",
  "--no-maglev",
  "--invocation-count-for-turbofan=30000",
].join(",");

/**
 * Buffers of requests from 64 KB on get mappings of their own, which go back to the kernel when they are freed; the allocator
 * would otherwise keep them between smaller ones that live on.
 */
export const allocatorEnvironment = {
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "131072",
} as const;
