/** How benchmarks run the program. */
import { engineEnvironment } from "../../tools/image/engine.ts";

/**
 * From source: bounds the half-spaces in which new objects live to 8 MB. Left alone they grow to 32 MB each while a long list
 * is taken in, and stay so until the process has been quiet for most of a minute.
 */
export const heapFlag = "--v8-flags=--max-semi-space-size=8";

/** For a bundle: making code to keep costs 50 MB at the first start, and an image has nowhere to keep it. */
export const noCodeCache = "--no-code-cache";

/** Environment of such an image. */
export const bundleEnv = engineEnvironment;
