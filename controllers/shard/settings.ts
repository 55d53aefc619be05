/**
 * The server settings of a shard, put together from its spec and from the ConfigMap that it refers to.
 *
 * | the user's settings                          | what the instances get                           |
 * | -------------------------------------------- | ------------------------------------------------ |
 * | are in order                                 | them, above the operator's                       |
 * | cannot be read yet (ConfigMap being fetched) | what they have                                   |
 * | have errors, or their ConfigMap is missing   | what they have, and the status says what is wrong |
 * | the same, and there was nothing before       | the operator's alone, likewise                   |
 */
import type { Shard } from "../../api/multigres/shard.ts";
import { clusterNameOf } from "../../postgres/baseline.ts";
import { digestOf } from "../../kube/digest.ts";
import { Recent } from "../../kube/recent.ts";
import type { Catalogue } from "../../postgres/catalogue/catalogue.ts";
import { type Configuration, configurationOf, type Sources } from "../../postgres/configuration.ts";
import { valuesOf } from "../../postgres/layers.ts";
import type { SettingProblem } from "../../postgres/problem.ts";
import { validateTogether } from "../../postgres/relations.ts";
import { resourcesOf } from "../../postgres/resources.ts";
import { hashOf, splitSettings } from "../../postgres/split.ts";
import type { Settings } from "../../postgres/settings_file.ts";
import { validateSettings, validateText } from "../../postgres/validate.ts";
import type { ShardSettings } from "./view.ts";

/** What is known of the text that `postgresConfigRef` names. */
export type ReferencedText =
  | { readonly kind: "none" }
  | { readonly kind: "pending" }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "found"; readonly text: string };

export interface ShardConfiguration {
  /** Undefined while nothing can be said, and nothing was before. */
  readonly settings: ShardSettings | undefined;
  /** What a server that has read the file must show; undefined where the settings are those of before. */
  readonly expected: Settings | undefined;
  /** What the user has to mend. */
  readonly error: string | undefined;
  readonly warnings: readonly string[];
}

export interface SettingSources {
  readonly shard: Shard;
  /** Name of the MultigresCluster; undefined for a Shard that belongs to none. */
  readonly cluster: string | undefined;
  readonly referenced: ReferencedText;
  /** What the instances have. */
  readonly before: ShardSettings | undefined;
  readonly catalogue: Catalogue;
}

/** The catalogue is that of one major version, and always the same. */
export function configurationFor(sources: SettingSources): ShardConfiguration {
  const { shard: { metadata, spec }, cluster, referenced, before, catalogue } = sources;
  if (referenced.kind === "pending") {
    return { settings: before, expected: undefined, error: undefined, warnings: [] };
  }
  const question = digestOf([metadata.name, spec, cluster, referenced, catalogue.major]);
  const asked = recent.get(question, () => putTogether(sources));
  if (asked.error === undefined || before === undefined) return asked;
  return { ...asked, settings: before, expected: undefined };
}

/** Passes over a shard ask for its settings again and again. */
const recent = new Recent<ShardConfiguration>(64);

/** What a shard is to have that has nothing yet. */
function putTogether(sources: SettingSources): ShardConfiguration {
  const { referenced, catalogue } = sources;
  const said = saidBy(sources);
  const problems = [...said.problems];
  const own = configurationOf({ ...baseOf(sources), ...said.layers }, catalogue);
  problems.push(...validateTogether(own.layers));
  const error = textOf(problems, "error") ?? (referenced.kind === "missing" ? referenced.message : undefined);
  const warnings = problems.filter(({ severity }) => severity === "warning").map(({ message }) => message);
  const held = error === undefined ? own : configurationOf(baseOf(sources), catalogue);
  return { ...finished(held, catalogue), error, warnings };
}

/** What holds without any wish of the user. */
function baseOf({ shard, cluster }: SettingSources): Sources {
  const { databaseName, tableGroupName, shardName, pools } = shard.spec;
  const place = {
    object: shard.metadata.name,
    database: databaseName,
    tableGroup: tableGroupName,
    shard: shardName,
  };
  const clusterName = clusterNameOf({ ...place, ...(cluster === undefined ? {} : { cluster }) });
  return { clusterName, resources: resourcesOf(Object.values(pools)) };
}

interface Said {
  readonly layers: Pick<Sources, "configMap" | "inline">;
  readonly problems: readonly SettingProblem[];
}

function saidBy({ shard, referenced, catalogue }: SettingSources): Said {
  const { postgresConfig, postgresConfigRef } = shard.spec;
  const inlineProblems = validateSettings(postgresConfig ?? {}, ["spec", "postgresConfig"], catalogue);
  const inline = postgresConfig === undefined ? {} : { inline: postgresConfig };
  if (referenced.kind !== "found" || postgresConfigRef === undefined) {
    return { layers: inline, problems: inlineProblems };
  }
  const where = `key ${postgresConfigRef.key} of ConfigMap ${postgresConfigRef.name}`;
  const { settings, problems } = validateText(referenced.text, where, catalogue);
  return { layers: { ...inline, configMap: settings }, problems: [...inlineProblems, ...problems] };
}

function finished(
  { text, restartHash, reloadHash, expected, layers }: Configuration,
  catalogue: Catalogue,
): Pick<ShardConfiguration, "settings" | "expected"> {
  const asked = new Map([...layers].filter(([, { origin }]) => origin !== "baseline" && origin !== "marker"));
  const askedHash = hashOf(splitSettings(valuesOf(asked), catalogue).restart);
  return { settings: { text, restartHash, reloadHash, askedHash }, expected };
}

function textOf(
  problems: readonly SettingProblem[],
  severity: SettingProblem["severity"],
): string | undefined {
  const messages = problems.filter((problem) => problem.severity === severity).map(({ message }) => message);
  return messages.length === 0 ? undefined : messages.join(" ");
}
