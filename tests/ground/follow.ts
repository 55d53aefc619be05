/** Tells how an object comes along. */
import type { GroundClient } from "./client.ts";
import { listAt, stringAt } from "./json.ts";
import { delay } from "./wait_for.ts";

/** How often the object is looked at, in milliseconds. */
const lookEveryMs = 200;

/** What is worth a line of an object's status: the phase, and each condition. */
export function storyOf(object: unknown): Map<string, string> {
  const story = new Map<string, string>();
  const phase = stringAt(object, "status", "phase");
  if (phase !== undefined) {
    story.set("phase", [phase, stringAt(object, "status", "message")].filter(Boolean).join(": "));
  }
  for (const condition of listAt(object, "status", "conditions")) {
    const [type = "", status = "", reason = "", message = ""] = ["type", "status", "reason", "message"]
      .map((key) => stringAt(condition, key));
    story.set(type, `${status} (${reason}${message === "" ? "" : `: ${message}`})`);
  }
  return story;
}

/** The lines of a story that were not in an earlier one. */
export function news(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  return [...now].filter(([key, text]) => before.get(key) !== text).map(([key, text]) => `${key} ${text}`);
}

/**
 * Says every change of an object's phase and conditions until `over` says that the end is reached.
 * @param goOn is asked before each look; it may throw to give up
 */
export async function follow(
  client: GroundClient,
  path: string,
  told: {
    readonly say: (line: string) => void;
    readonly goOn: () => void;
    readonly over: (object: unknown) => boolean;
  },
): Promise<void> {
  let before: ReadonlyMap<string, string> = new Map();
  for (;;) {
    told.goOn();
    const object = await client.get(path);
    const now = storyOf(object);
    for (const line of news(before, now)) told.say(line);
    if (told.over(object)) return;
    before = now;
    await delay(lookEveryMs);
  }
}
