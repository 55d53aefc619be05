/** The configuration of an instance as a whole: what is in its file, and how a change of it is carried out. */
import { baseline } from "./baseline.ts";
import type { Catalogue } from "./catalogue/catalogue.ts";
import { layer, type Layers, type Origin, origins, overlay, valuesOf } from "./layers.ts";
import { parseNumber } from "./number.ts";
import type { Resources } from "./resources.ts";
import { type Settings, writeLine } from "./settings_file.ts";
import { sizing } from "./sizing.ts";
import { hashOf, splitSettings } from "./split.ts";

/** Means nothing to the server: it repeats what it read, so that the removal of a setting can be proven as well. */
export const RELOAD_MARKER = "multigres.config_reload_marker";

/** All that a configuration is made of. Users' parts have been validated: see `validate.ts`. */
export interface Sources {
  readonly clusterName: string;
  readonly resources: Resources;
  /** Settings of the ConfigMap that the shard refers to, in its own order. */
  readonly configMap?: Iterable<readonly [name: string, value: string]>;
  /** The shard's `postgresConfig`. */
  readonly inline?: Readonly<Record<string, string>>;
}

export interface Configuration {
  /** What is in effect, and from where, the marker included. */
  readonly layers: Layers;
  /** The file: each setting once, below the name of the layer that it comes from. */
  readonly text: string;
  /** Fingerprint of what needs a restart: pods with another one are replaced. */
  readonly restartHash: string;
  /** Fingerprint of what needs a reload. */
  readonly reloadHash: string;
  /** What a server that has read the file must show: all that needs a reload, and the marker. */
  readonly expected: Settings;
}

/** Puts the layers together: pure, and the same sources give the same text. */
export function configurationOf(sources: Sources, catalogue: Catalogue): Configuration {
  const of = (origin: Origin, settings: Iterable<readonly [string, string]>) =>
    layer(origin, underNamesOfToday(settings, catalogue));
  const base = of("baseline", baseline(sources.clusterName));
  const said = overlay(
    of("configMap", sources.configMap ?? []),
    of("inline", sortedEntries(sources.inline ?? {})),
  );
  const connections = maxConnections(overlay(base, said));
  const effective = overlay(base, layer("sizing", sizing(sources.resources, connections)), said);
  const { restart, reload } = splitSettings(valuesOf(effective), catalogue);
  const reloadHash = hashOf(reload);
  const layers = overlay(effective, layer("marker", [[RELOAD_MARKER, reloadHash]]));
  return {
    layers,
    text: textOf(layers),
    restartHash: hashOf(restart),
    reloadHash,
    expected: new Map([...reload, [RELOAD_MARKER, reloadHash]]),
  };
}

/** So that `sort_mem` of one layer and `work_mem` of another are seen to be one setting. */
function underNamesOfToday(
  settings: Iterable<readonly [string, string]>,
  catalogue: Catalogue,
): [string, string][] {
  return [...settings].map(([name, value]) => [catalogue.find(name)?.name ?? name, value]);
}

/** A map of Kubernetes has no order: sorting gives one of two spellings of a name, always the same. */
function sortedEntries(settings: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(settings).sort(([a], [b]) => a < b ? -1 : 1);
}

/** Memory for sorts is shared out among as many connections as there will be, whoever said how many. */
function maxConnections(layers: Layers): number {
  const said = parseNumber(layers.get("max_connections")?.value ?? "", "", "integer");
  return said ?? Number(baseline("").get("max_connections"));
}

const headings: Readonly<Record<Origin, string>> = {
  baseline: "Where every instance begins",
  sizing: "From the resources of the pools",
  configMap: "From the ConfigMap that postgresConfigRef names",
  inline: "From postgresConfig",
  marker: "Proof that this file was read",
};

function textOf(layers: Layers): string {
  const sections = origins.flatMap((origin) => {
    const lines = [...layers].flatMap(([name, placed]) =>
      placed.origin === origin ? [`${writeLine(name, placed.value)}\n`] : []
    );
    return lines.length === 0 ? [] : [`# ${headings[origin]}\n${lines.sort().join("")}`];
  });
  return sections.join("\n");
}
