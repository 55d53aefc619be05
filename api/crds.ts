/**
 * All kinds, and their CustomResourceDefinitions as YAML. Only `matriarch crds` and tests load this module, as the
 * conversion costs memory that a running operator has no use for.
 */
import { Document } from "yaml";
import { type CustomResourceDefinition, customResourceDefinition } from "./schema/crd.ts";
import type { KindDefinition } from "./schema/kind.ts";
import { CellTemplates } from "./multigres/cell_template.ts";
import { Cells } from "./multigres/cell.ts";
import { CoreTemplates } from "./multigres/core_template.ts";
import { MultigresClusters } from "./multigres/multigres_cluster.ts";
import { Shards } from "./multigres/shard.ts";
import { ShardTemplates } from "./multigres/shard_template.ts";
import { TableGroups } from "./multigres/table_group.ts";
import { TopoServers } from "./multigres/topo_server.ts";
import { PostgresClusters } from "./smoketurner/postgres_cluster.ts";
import { PostgresDatabases } from "./smoketurner/postgres_database.ts";
import { PostgresUpgrades } from "./smoketurner/postgres_upgrade.ts";

/** Every kind of this program, in the order in which its CustomResourceDefinition is printed. */
export const allKinds: readonly { readonly definition: KindDefinition }[] = [
  CellTemplates,
  Cells,
  CoreTemplates,
  MultigresClusters,
  Shards,
  ShardTemplates,
  TableGroups,
  TopoServers,
  PostgresClusters,
  PostgresDatabases,
  PostgresUpgrades,
];

/** The CustomResourceDefinitions as plain objects. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return allKinds.map((kind) => customResourceDefinition(kind));
}

/** One definition as YAML: keys in a fixed order, long texts on one line, without anchors. */
export function renderCustomResourceDefinition(definition: CustomResourceDefinition): string {
  return new Document(definition, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 });
}

/** All definitions as one YAML stream, for `kubectl apply --server-side -f -`. */
export function renderCustomResourceDefinitions(): string {
  return customResourceDefinitions().map((definition) => `---\n${renderCustomResourceDefinition(definition)}`)
    .join("");
}

/** The files of `manifests/crds/`: name and content. */
export function customResourceDefinitionFiles(): { readonly name: string; readonly content: string }[] {
  return customResourceDefinitions().map((definition) => ({
    name: `${definition.spec.group}_${definition.spec.names.plural}.yaml`,
    content: renderCustomResourceDefinition(definition),
  }));
}
