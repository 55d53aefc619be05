/** The images that are used where a cluster does not choose its own, pinned to exact tags. */
export const images = {
  etcd: "gcr.io/etcd-development/etcd:v3.6.7",
  multiadmin: "ghcr.io/multigres/multigres:sha-66d2310",
  multiadminWeb: "ghcr.io/multigres/multiadmin-web:sha-64da1ab",
  multigateway: "ghcr.io/multigres/multigres:sha-66d2310",
  multiorch: "ghcr.io/multigres/multigres:sha-66d2310",
  multipooler: "ghcr.io/multigres/multigres:sha-66d2310",
  postgres: "ghcr.io/multigres/pgctld:sha-66d2310",
  postgresExporter: "quay.io/prometheuscommunity/postgres-exporter:v0.20.1",
} as const;
