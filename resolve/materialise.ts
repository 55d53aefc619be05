/**
 * A cluster's spec as admission stores it: with its defaults in plain sight. Only what no template has a say in is written
 * down. What is stored resolves to the same as what was sent, and stays as it is when it is sent again.
 *
 * Kept out on purpose, as it would stand in the way later:
 * - images, also etcd's: they follow the operator;
 * - lists of cells: a cell that is added later counts too;
 * - a shard's backup: the cluster's could not be changed any more;
 * - parts with overrides: the schema refuses spec beside overrides;
 * - shards of a cluster without cells: how many instances a pool has depends on how many cells there are.
 */
import type { CellConfig } from "../api/multigres/cluster_cells.ts";
import type { GlobalTopoServerSpec } from "../api/multigres/cluster_components.ts";
import type { ShardConfig } from "../api/multigres/cluster_databases.ts";
import type { MultigresClusterSpec } from "../api/multigres/multigres_cluster.ts";
import type { Notice } from "../kube/events.ts";
import { completeAdmin } from "./admin.ts";
import { cellReference, cellSettings } from "./cell.ts";
import { completeCluster, type CompleteDatabase, implicitParts } from "./cluster_defaults.ts";
import { cellNames } from "./database.ts";
import { coreReference, externalGlobal, managedEtcd } from "./global_topo_server.ts";
import { present } from "./present.ts";
import { completeShard, levelsOf, mergeShard, shardMisfits, shardReference } from "./shard.ts";
import { promoteTemplates, type Templates, type TemplateScope, usesTemplate } from "./templates.ts";

/** A spec to be stored, and what to tell its user. */
export interface Materialised {
  readonly spec: MultigresClusterSpec;
  readonly notices: readonly Notice[];
}

/** Never fails: what cannot be resolved stays as it was sent, for validation to speak about. */
export function materialise(spec: MultigresClusterSpec, templates: Templates): Materialised {
  const complete = completeCluster(spec);
  const defaults = promoteTemplates({ templates, defaults: spec.templateDefaults });
  const scope = { templates, defaults };
  const cells = cellNames(complete);
  return {
    spec: {
      ...complete,
      ...(Object.keys(defaults).length === 0 ? {} : { templateDefaults: defaults }),
      ...coreOf(scope, spec),
      ...(spec.cells === undefined ? {} : { cells: spec.cells.map((cell) => storedCell(scope, cell)) }),
      databases: complete.databases.map((database) => storedDatabase(scope, database, cells)),
    },
    notices: implicitParts(spec),
  };
}

type CorePart = "globalTopoServer" | "multiadmin" | "multiadminWeb";

function coreOf(scope: TemplateScope, spec: MultigresClusterSpec): Pick<MultigresClusterSpec, CorePart> {
  const { globalTopoServer, multiadmin, multiadminWeb } = spec;
  const templated = (name: CorePart) =>
    usesTemplate(scope, "CoreTemplate", coreReference(spec[name], `spec.${name}`));
  return present({
    globalTopoServer: templated("globalTopoServer") ? globalTopoServer : storedTopoServer(globalTopoServer),
    multiadmin: templated("multiadmin")
      ? multiadmin
      : { ...multiadmin, spec: completeAdmin("multiadmin", undefined, multiadmin?.spec) },
    multiadminWeb: templated("multiadminWeb")
      ? multiadminWeb
      : { ...multiadminWeb, spec: completeAdmin("multiadminWeb", undefined, multiadminWeb?.spec) },
  });
}

function storedTopoServer(part: GlobalTopoServerSpec | undefined): GlobalTopoServerSpec {
  if (part?.external !== undefined) return { ...part, external: externalGlobal(part.external) };
  return { ...part, etcd: managedEtcd(undefined, part) };
}

function storedCell(scope: TemplateScope, cell: CellConfig): CellConfig {
  const templated = usesTemplate(scope, "CellTemplate", cellReference(cell, ""));
  if (templated || cell.overrides !== undefined) return cell;
  const { topoServer, ...settings } = cellSettings(undefined, cell);
  return { ...cell, spec: { ...settings, ...present({ localTopoServer: topoServer }) } };
}

function storedDatabase(
  scope: TemplateScope,
  database: CompleteDatabase,
  cells: readonly string[],
): CompleteDatabase {
  return {
    ...database,
    tablegroups: database.tablegroups.map((group) => ({
      ...group,
      shards: group.shards.map((shard) => storedShard(scope, shard, cells)),
    })),
  };
}

function storedShard(scope: TemplateScope, shard: ShardConfig, cells: readonly string[]): ShardConfig {
  const templated = usesTemplate(scope, "ShardTemplate", shardReference(shard, ""));
  if (templated || shard.overrides !== undefined || cells.length === 0) return shard;
  const spec = completeShard(mergeShard(undefined, shard), cells);
  return shardMisfits(spec, "", levelsOf(undefined, shard)).length > 0 ? shard : { ...shard, spec };
}
