/** How benchmarks run the program. */
import { allocatorEnvironment, engineFlags } from "../../tools/image/engine.ts";

/**
 * From source: bounds the half-spaces in which new objects live to 8 MB. Left alone they grow to 32 MB each while a long list
 * is taken in, and stay so until the process has been quiet for most of a minute.
 */
export const heapFlag = "--v8-flags=--max-semi-space-size=8";

/** As an image runs the bundle: its folder for compiled code is read-only, and making that code costs 50 MB at the first start. */
export const bundleFlags = ["--no-code-cache", `--v8-flags=${engineFlags}`] as const;

/** Environment of such an image. */
export const bundleEnv = allocatorEnvironment;
