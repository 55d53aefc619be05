/** What makes each alert fire, minute by minute, and what must not. */
import type { InputSeries } from "../../support/promtool.ts";

export interface Trouble {
  readonly alert: string;
  readonly series: readonly InputSeries[];
  /** A minute at which it must not fire yet, one at which it must, and one at which it must have cleared. */
  readonly waits: number;
  readonly fires: number;
  readonly clears: number;
  /** Of the alert that fires. */
  readonly labels: string;
  /** What must never make it fire. */
  readonly well: readonly InputSeries[];
}

const one = (series: string, values: string): InputSeries[] => [{ series, values }];

const pool = 'cluster="c",namespace="n",pool="main",shard="s"';
const replicas = (state: string) => `multigres_operator_shard_pool_replicas{${pool},state="${state}"}`;
const gateways = (state: string) =>
  `multigres_operator_cell_gateway_replicas{cell="a",namespace="n",state="${state}"}`;
const shard = 'cluster="c",namespace="n",shard="s"';
const failures = 'multigres_operator_reconcile_errors_total{controller="shard",name="s",namespace="n"}';
const reviews = (result: string) =>
  `multigres_operator_webhook_request_total{operation="VALIDATE",resource="MultigresCluster",result="${result}"}`;
const passes = (le: string) =>
  `controller_runtime_reconcile_time_seconds_bucket{controller="shard",le="${le}"}`;
const phase = (name: string) => `multigres_operator_cluster_info{name="c",namespace="n",phase="${name}"}`;

export const troubles: readonly Trouble[] = [
  {
    alert: "MultigresClusterReconcileErrors",
    // A failure every six minutes: what is left of the back-off after hours.
    series: one(failures, "0x4 1x5 2x5 3x5 4x5 5x5 6x60"),
    waits: 6,
    fires: 30,
    clears: 70,
    labels: 'controller="shard",name="s",namespace="n",severity="warning"',
    well: one(failures, "3x100"),
  },
  {
    alert: "MultigresClusterDegraded",
    // It goes to and fro between two phases, neither of which lasts.
    series: [
      { series: phase("Degraded"), values: "1x4 _x5 1x4 _x40" },
      { series: phase("Progressing"), values: "_x4 1x5 _x5 1x4 _x40" },
      { series: phase("Healthy"), values: "_x19 1x40" },
    ],
    waits: 8,
    fires: 14,
    clears: 30,
    labels: 'name="c",namespace="n",severity="warning"',
    well: one(phase("Healthy"), "1x60"),
  },
  {
    alert: "MultigresCellGatewayUnavailable",
    series: [
      { series: gateways("ready"), values: "0x10 1x20" },
      { series: gateways("desired"), values: "2x30" },
    ],
    waits: 4,
    fires: 6,
    clears: 12,
    labels: 'cell="a",namespace="n",severity="critical",state="ready"',
    well: [
      { series: gateways("ready"), values: "0x30" },
      { series: gateways("desired"), values: "0x30" },
    ],
  },
  {
    alert: "MultigresShardPoolDegraded",
    series: [
      { series: replicas("ready"), values: "2x20 3x20" },
      { series: replicas("desired"), values: "3x40" },
    ],
    waits: 9,
    fires: 11,
    clears: 22,
    labels: `${pool},severity="warning"`,
    well: [
      { series: replicas("ready"), values: "3x40" },
      { series: replicas("desired"), values: "3x40" },
    ],
  },
  {
    alert: "MultigresWebhookErrors",
    series: one(reviews("error"), "0+1x20 20x20"),
    waits: 4,
    fires: 10,
    clears: 30,
    labels: 'operation="VALIDATE",resource="MultigresCluster",result="error",severity="warning"',
    well: one(reviews("success"), "0+5x40"),
  },
  {
    alert: "MultigresBackupStale",
    series: one(`multigres_operator_last_backup_age_seconds{${shard}}`, "86390+60x60 10+60x20"),
    waits: 20,
    fires: 40,
    clears: 65,
    labels: `${shard},severity="warning"`,
    well: one(`multigres_operator_last_backup_age_seconds{${shard}}`, "80000+60x80"),
  },
  {
    alert: "MultigresRollingUpdateStuck",
    series: one(`multigres_operator_rolling_update_in_progress{${pool}}`, "1x40 0x20"),
    waits: 29,
    fires: 31,
    clears: 45,
    labels: `${pool},severity="warning"`,
    well: one(`multigres_operator_rolling_update_in_progress{${pool}}`, "0x5 1x20 0x5 1x20 0x5"),
  },
  {
    alert: "MultigresDrainTimeout",
    series: one(`matriarch_drains_overdue{${shard}}`, "0x5 1x20 0x20"),
    waits: 14,
    fires: 17,
    clears: 30,
    labels: `${shard},severity="warning"`,
    well: one(`matriarch_drains_overdue{${shard}}`, "0x60"),
  },
  {
    alert: "MultigresReconcileSlow",
    series: [
      { series: passes("30"), values: "0+90x20 1800x20" },
      { series: passes("60"), values: "0+100x20 2000x20" },
      { series: passes("+Inf"), values: "0+100x20 2000x20" },
    ],
    waits: 4,
    fires: 10,
    clears: 32,
    labels: 'controller="shard",severity="warning"',
    well: [
      { series: passes("30"), values: "0+100x40" },
      { series: passes("60"), values: "0+100x40" },
      { series: passes("+Inf"), values: "0+100x40" },
    ],
  },
  {
    alert: "MultigresControllerSaturated",
    series: one('workqueue_depth{name="shard"}', "80x20 0x20"),
    waits: 9,
    fires: 11,
    clears: 25,
    labels: 'name="shard",severity="warning"',
    well: one('workqueue_depth{name="shard"}', "50x40"),
  },
];
