/**
 * Settings that take effect without a restart.
 *
 * | drift           | pod                                   | its own answer | done                      |
 * | --------------- | ------------------------------------- | -------------- | ------------------------- |
 * | config-reload   | up, not marked                        | fresh          | asked to reload, looked at again |
 * | config-reload   | up, not marked                        | stale, none    | waits, unless no pooler ever registered |
 * | config-reload   | ending, marked, aside, or not up      |                | nothing: it comes up with them |
 * | anything else   |                                       |                | nothing                   |
 */
import { doing, nothing, together, type Verdict, waitFor, waiting } from "./actions.ts";
import type { LifePod } from "./model.ts";
import type { LifeView } from "./view.ts";

/** Until a node has brought a changed ConfigMap into its pods: about a minute at most, so it is asked for some time. */
const RELOAD_LOOK_SECONDS = 10;

export function reloadSettings(view: LifeView): Verdict {
  if (view.shard.topology.kind === "empty") return nothing;
  return together(...view.shard.pods.filter(isToReload).map(reload));
}

function isToReload({ drift, drain, aside, state }: LifePod): boolean {
  return drift === "config-reload" && drain === undefined && aside === undefined &&
    (state.kind === "ready" || state.kind === "notReady");
}

function reload({ name, evidence }: LifePod): Verdict {
  const wait = waitFor("ConfigReload", `Instance ${name} is to load its settings`, RELOAD_LOOK_SECONDS);
  if (evidence.kind !== "fresh") return waiting(wait);
  return together(doing({ kind: "reloadConfig", pod: name }), waiting(wait));
}
