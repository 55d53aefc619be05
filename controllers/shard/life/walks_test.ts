import fc from "fast-check";
import { walks } from "../../../tests/support/shard_world/arbitrary_walks.ts";
import { live, type Walk } from "../../../tests/support/shard_world/walk.ts";

/** The seed of the walks; one that failed is printed with the line that repeats it. */
const seed = 20_261_121;

/** A failing walk is printed as the line that lives it again. */
function liveOrTell(walk: Walk): void {
  try {
    live(walk);
  } catch (error) {
    if (error instanceof Error) error.message += `\nrepeat with: live(${JSON.stringify(walk)})`;
    throw error;
  }
}

Deno.test("a shard keeps every rule through whatever happens, and comes to rest as it is wanted", () => {
  fc.assert(fc.property(walks, liveOrTell), { seed, numRuns: 2000 });
});
