/**
 * Every image that the operator runs where a cluster does not choose its own, pinned to exact tags: what runs never changes
 * by itself. `deno task release` resolves them to digests.
 */

/** What MultigresClusters consist of. */
export const multigresImages = {
  etcd: "gcr.io/etcd-development/etcd:v3.6.7",
  multiadmin: "ghcr.io/multigres/multigres:sha-66d2310",
  multiadminWeb: "ghcr.io/multigres/multiadmin-web:sha-64da1ab",
  multigateway: "ghcr.io/multigres/multigres:sha-66d2310",
  multiorch: "ghcr.io/multigres/multigres:sha-66d2310",
  multipooler: "ghcr.io/multigres/multigres:sha-66d2310",
  postgres: "ghcr.io/multigres/pgctld:sha-66d2310",
  postgresExporter: "quay.io/prometheuscommunity/postgres-exporter:v0.20.1",
} as const;

/** What PostgresClusters consist of. */
export const patroniImages = {
  /** PostgreSQL, Patroni and WAL-G in one image, one for each major version. */
  spilo: {
    "15": "ghcr.io/zalando/spilo-15:3.2-p2",
    "16": "ghcr.io/zalando/spilo-16:3.3-p3",
    "17": "ghcr.io/zalando/spilo-17:4.0-p3",
  },
  /** Hands a member's volume to the user that PostgreSQL runs as. */
  permissions: "busybox:1.36",
  /** Beside each member, where metrics are asked for. */
  exporter: "quay.io/prometheuscommunity/postgres-exporter:v0.17.1",
} as const;

/** All of them, each once, in alphabetical order. */
export function defaultImages(): string[] {
  const { spilo, permissions, exporter } = patroniImages;
  const every = [...Object.values(multigresImages), ...Object.values(spilo), permissions, exporter];
  return [...new Set(every)].sort();
}
