/** Settings of PostgreSQL that users write into a cluster or a template. */
import type { Catalogue } from "../../postgres/catalogue/catalogue.ts";
import { validateSettings } from "../../postgres/validate.ts";
import type { Finding } from "./finding.ts";
import type { ClusterView } from "./view.ts";

/** @param path of the map, such as `spec.postgresConfig`. */
export function settingsFindings(
  settings: Readonly<Record<string, string>> | undefined,
  path: string,
  catalogue: Catalogue | undefined,
): Finding[] {
  if (settings === undefined || catalogue === undefined) return [];
  // The path ends the sentence's field, whose own steps come from the map.
  return validateSettings(settings, [], catalogue).map(({ severity, path: below, message }) => ({
    severity,
    rule: "SettingAllowed",
    path: below.startsWith("[") ? `${path}${below}` : `${path}.${below}`,
    message: `${message} (${path}).`,
  }));
}

export function clusterSettingFindings({ shards, around }: ClusterView): Finding[] {
  return shards.flatMap(({ path, config }) =>
    (["spec", "overrides"] as const).flatMap((level) =>
      settingsFindings(config[level]?.postgresConfig, `${path}.${level}.postgresConfig`, around.catalogue)
    )
  );
}
