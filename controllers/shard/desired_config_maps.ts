/** The files that the pods of a shard read, as ConfigMaps. */
import {
  postgresConfigHashAnnotation,
  postgresReloadHashAnnotation,
} from "../../api/multigres/annotations.ts";
import {
  exporterQueriesConfigMapName,
  hbaConfigMapName,
  postgresConfigMapName,
} from "../../api/multigres/names.ts";
import type { Applied } from "../../kube/client.ts";
import type { ConfigMap } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { exporterQueries } from "./exporter_queries.ts";
import { hbaTemplate } from "./hba.ts";
import { askedHashAnnotation, files } from "./shape.ts";
import { childMetadata, shardLabels, type ShardSettings, type ShardView } from "./view.ts";

/** Who may connect. Pods read it when they start. */
export function desiredHbaConfigMap(shard: ShardView): Applied<ConfigMap> {
  const name = hbaConfigMapName(shard.owner.metadata.name);
  return {
    metadata: childMetadata(shard, name, shardLabels(shard, "pg-hba-config")),
    data: { [files.hba]: hbaTemplate() },
  };
}

/** What postgres-exporter measures besides. Pods read it when they start. */
export function desiredExporterQueries(shard: ShardView): Applied<ConfigMap> {
  const name = exporterQueriesConfigMapName(shard.owner.metadata.name);
  return {
    metadata: childMetadata(shard, name, shardLabels(shard, "postgres-exporter-queries")),
    data: { [files.queries]: exporterQueries() },
  };
}

/**
 * The server settings, with the hashes that belong to them: see {@link recordedSettings}. Undefined while they cannot be put
 * together; the ConfigMap that stands is then left alone, because pods cannot start without one.
 */
export function desiredPostgresConfig(shard: ShardView): Applied<ConfigMap> | undefined {
  if (shard.config === undefined) return undefined;
  const { text, restartHash, reloadHash, askedHash } = shard.config;
  const name = postgresConfigMapName(shard.owner.metadata.name);
  return {
    metadata: {
      ...childMetadata(shard, name, shardLabels(shard, "postgres-config")),
      annotations: {
        [postgresConfigHashAnnotation]: restartHash,
        [postgresReloadHashAnnotation]: reloadHash,
        ...(askedHash === undefined ? {} : { [askedHashAnnotation]: askedHash }),
      },
    },
    data: { [files.settings]: text },
  };
}

/**
 * The settings that a ConfigMap of ours holds: the last that could be put together. With them a pod that was lost is made
 * again although, say, the user's own ConfigMap is missing, and comes up like the others.
 */
export function recordedSettings(configMap: Frozen<ConfigMap>): ShardSettings | undefined {
  const { annotations } = configMap.metadata;
  const text = configMap.data?.[files.settings];
  const restartHash = annotations?.[postgresConfigHashAnnotation];
  const reloadHash = annotations?.[postgresReloadHashAnnotation];
  if (text === undefined || restartHash === undefined || reloadHash === undefined) return undefined;
  const askedHash = annotations?.[askedHashAnnotation];
  return { text, restartHash, reloadHash, ...(askedHash === undefined ? {} : { askedHash }) };
}
