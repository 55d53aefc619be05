/** The version of the program. */
import configuration from "../deno.json" with { type: "json" };

/** Such as `0.1.0`; stands once, in `deno.json`. */
export const VERSION: string = configuration.version;
