/** Settings that lie one upon the other: the upper one wins, and each knows where it came from. */
import { canonicalName } from "./setting_name.ts";
import type { Settings } from "./settings_file.ts";

/** Where a setting comes from, lowest first. */
export const origins = ["baseline", "sizing", "configMap", "inline", "marker"] as const;

export type Origin = (typeof origins)[number];

/** A value, and the layer that gave it. */
export interface Placed {
  readonly value: string;
  readonly origin: Origin;
}

/** Settings in effect, by canonical name. */
export type Layers = ReadonlyMap<string, Placed>;

/** One layer alone. Names become canonical; of two that are the same then, the later wins. */
export function layer(origin: Origin, settings: Iterable<readonly [name: string, value: string]>): Layers {
  return new Map([...settings].map(([name, value]) => [canonicalName(name), { value, origin }]));
}

/** All layers in one; what stands further right wins. */
export function overlay(...layers: readonly Layers[]): Layers {
  return new Map(layers.flatMap((each) => [...each]));
}

/** The values alone. */
export function valuesOf(layers: Layers): Settings {
  return new Map([...layers].map(([name, { value }]) => [name, value]));
}
