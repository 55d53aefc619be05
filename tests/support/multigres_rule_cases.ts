/** Pairs of clusters for each rule: one that it speaks about, and one like it that it leaves alone. */
import assert from "node:assert/strict";
import { clusterSpec, templatesOf, withShard } from "./multigres_specs.ts";
import { loadCatalogue, multigresMajor } from "../../postgres/catalogue/catalogue.ts";
import type { ClusterReview } from "../../resolve/validation/cluster.ts";
import type { Finding, Rule } from "../../resolve/validation/finding.ts";

const catalogue = await loadCatalogue(multigresMajor);

type Fields = Readonly<Record<string, unknown>>;
export type Around = Partial<Omit<ClusterReview, "spec" | "before">>;

export const cell = { name: "a", zoneId: "use1-az1" };
export const cells = [cell, { name: "b", zoneId: "use1-az2" }];
const resources = (request: string, limit: string) => ({
  requests: { memory: request },
  limits: { memory: limit },
});
const bad = resources("2Gi", "1Gi");
const good = resources("1Gi", "1024Mi");
export const shardPath = "spec.databases[0].tablegroups[0].shards[0]";

/** A cluster of one cell and one shard, in order unless the fields are not. */
export const spec = (fields: Fields) => clusterSpec({ cells: [cell], ...fields });
export const pool = (fields: Fields) => withShard({ spec: { pools: { main: fields } } });
const sharedBackup = { type: "filesystem", filesystem: { storage: { accessModes: ["ReadWriteMany"] } } };
export const objectStore = { type: "s3", s3: { bucket: "b", region: "r" } };

export interface ClusterRuleCase {
  readonly severity: Finding["severity"];
  readonly refused: ReturnType<typeof clusterSpec>;
  readonly accepted: ReturnType<typeof clusterSpec>;
  readonly path: string;
  readonly says: RegExp;
  readonly around?: Around;
}

const template = templatesOf({
  CoreTemplate: { core: {} },
  CellTemplate: { cell: {} },
  ShardTemplate: {
    shard: { pools: { main: {} } },
    broken: { pools: 7 },
    lengthy: { pools: { ["x".repeat(26)]: {} } },
  },
});

function error(
  path: string,
  says: RegExp,
  refused: ClusterRuleCase["refused"],
  accepted: ClusterRuleCase["accepted"],
): ClusterRuleCase {
  return { severity: "error", path, says, refused, accepted };
}

function warning(
  path: string,
  says: RegExp,
  refused: ClusterRuleCase["refused"],
  accepted: ClusterRuleCase["accepted"],
): ClusterRuleCase {
  return { severity: "warning", path, says, refused, accepted };
}

const named = (reference: string) =>
  `Cannot resolve ${reference.replaceAll(/[.[\]]/g, "\\$&")} as the namespace has no`;

/** Each place that may name a template, with a name that is there and one that is not. */
const references: ClusterRuleCase[] = [
  [
    "spec.templateDefaults.coreTemplate",
    (name: string) => spec({ templateDefaults: { coreTemplate: name } }),
    "core",
  ],
  ["spec.multiadmin.templateRef", (name: string) => spec({ multiadmin: { templateRef: name } }), "core"],
  [
    "spec.globalTopoServer.templateRef",
    (name: string) => spec({ globalTopoServer: { templateRef: name } }),
    "core",
  ],
  [
    "spec.multiadminWeb.templateRef",
    (name: string) => spec({ multiadminWeb: { templateRef: name } }),
    "core",
  ],
  [
    "spec.templateDefaults.cellTemplate",
    (name: string) => spec({ templateDefaults: { cellTemplate: name } }),
    "cell",
  ],
  [
    "spec.cells[0].cellTemplate",
    (name: string) => spec({ cells: [{ ...cell, cellTemplate: name }] }),
    "cell",
  ],
  [
    "spec.templateDefaults.shardTemplate",
    (name: string) => spec({ templateDefaults: { shardTemplate: name } }),
    "shard",
  ],
  [`${shardPath}.shardTemplate`, (name: string) => withShard({ shardTemplate: name }), "shard"],
].map(([path, make, known]) => {
  assert.ok(typeof path === "string" && typeof make === "function" && typeof known === "string");
  return {
    ...error(path, new RegExp(named(path)), make("default"), make(known)),
    around: { templates: template },
  };
});

/** By rule. Rules of changes, of deletions and of other clusters have tests of their own. */
export const ruleCases: Readonly<
  Record<
    Exclude<Rule, "TemplateUnused" | "StorageGrowsOnly" | "EtcdMembersFixed" | "TopologyIsOwn">,
    readonly ClusterRuleCase[]
  >
> = {
  TemplateExists: references,
  TemplateFits: [{
    ...error(
      `${shardPath}.shardTemplate`,
      /does not fit its schema: spec.pools/,
      withShard({ shardTemplate: "broken" }),
      withShard({ shardTemplate: "shard" }),
    ),
    around: { templates: template },
  }],
  SettingAllowed: [
    ["port", "5433", "work_mem", "8MB"],
    ["wal_level", "replica", "wal_buffers", "1MB"],
    ["no_such_setting", "1", "myextension.setting", "1"],
    ["jit", "maybe", "jit", "off"],
    ["max_connections", "many", "max_connections", "50"],
  ].map(([refused = "", value, accepted = "", other]) => ({
    ...error(
      `${shardPath}.spec.postgresConfig.${refused}`,
      new RegExp(`Cannot set ${refused} `),
      withShard({ spec: { postgresConfig: { [refused]: value } } }),
      withShard({ spec: { postgresConfig: { [accepted]: other } } }),
    ),
    around: { catalogue },
  })).concat({
    ...error(
      `${shardPath}.overrides.postgresConfig.listen_addresses`,
      /Cannot set listen_addresses/,
      withShard({ overrides: { postgresConfig: { listen_addresses: "*" } } }),
      withShard({ overrides: { postgresConfig: { work_mem: "8MB" } } }),
    ),
    around: { catalogue },
  }),
  NodesMatch: [
    {
      ...warning(
        "spec.cells[0].zoneId",
        /topology.k8s.aws\/zone-id=use1-az1/,
        spec({}),
        spec({ cells: [{ name: "a", zoneId: "there" }] }),
      ),
      around: { nodeLabels: new Map([["topology.k8s.aws/zone-id", new Set(["there"])]]) },
    },
    {
      ...warning(
        "spec.cells[0].region",
        /topology.kubernetes.io\/region=mars/,
        spec({ cells: [{ name: "a", region: "mars" }] }),
        spec({ cells: [{ name: "a", region: "earth" }] }),
      ),
      around: { nodeLabels: new Map([["topology.kubernetes.io/region", new Set(["earth"])]]) },
    },
  ],
  TopologySurvivesLoss: [
    warning(
      "spec.globalTopoServer.etcd.replicas",
      /is 1/,
      spec({ globalTopoServer: { etcd: { replicas: 1 } } }),
      spec({}),
    ),
    warning(
      "spec.cells[0].spec.localTopoServer.etcd.replicas",
      /is 1/,
      spec({ cells: [{ ...cell, spec: { localTopoServer: { etcd: { replicas: 1 } } } }] }),
      spec({ globalTopoServer: { external: { endpoints: ["http://e"] } } }),
    ),
  ],
  EntranceHasAddress: [
    warning(
      "spec.externalGateway",
      /load balancer/,
      spec({ externalGateway: { enabled: true } }),
      spec({ externalGateway: { enabled: false } }),
    ),
    warning(
      "spec.externalAdminWeb",
      /load balancer/,
      spec({ externalAdminWeb: { enabled: true } }),
      spec({ externalAdminWeb: { enabled: true, externalIPs: ["::1"] } }),
    ),
  ],
  AddressParses: [
    error(
      "spec.externalGateway.externalIPs[1]",
      /999.1.1.1/,
      spec({ externalGateway: { enabled: true, externalIPs: ["10.0.0.1", "999.1.1.1"] } }),
      spec({ externalGateway: { enabled: true, externalIPs: ["10.0.0.1", "fd00::1"] } }),
    ),
    error(
      "spec.externalAdminWeb.externalIPs[0]",
      /1::2::3/,
      spec({ externalAdminWeb: { enabled: true, externalIPs: ["1::2::3"] } }),
      spec({ externalAdminWeb: { enabled: true, externalIPs: ["1::2"] } }),
    ),
  ],
  SettingsFit: [
    error(
      "spec.globalTopoServer.external.endpoints[0]",
      /at most 512/,
      spec({ globalTopoServer: { external: { endpoints: [`http://${"x".repeat(600)}`] } } }),
      spec({ globalTopoServer: { external: { endpoints: ["http://x"] } } }),
    ),
  ],
  LimitCoversRequest: [
    error(
      "spec.globalTopoServer.etcd.resources.limits.memory",
      /etcd a limit of 1Gi memory as its request is 2Gi/,
      spec({ globalTopoServer: { etcd: { resources: bad } } }),
      spec({ globalTopoServer: { etcd: { resources: good } } }),
    ),
    error(
      "spec.multiadmin.spec.resources.limits.memory",
      /multiadmin a limit/,
      spec({ multiadmin: { spec: { resources: bad } } }),
      spec({ multiadmin: { spec: { resources: good } } }),
    ),
    error(
      "spec.multiadminWeb.spec.resources.limits.memory",
      /multiadmin-web a limit/,
      spec({ multiadminWeb: { spec: { resources: bad } } }),
      spec({ multiadminWeb: { spec: { resources: good } } }),
    ),
    error(
      "spec.cells[0].spec.multigateway.resources.limits.memory",
      /multigateway a limit/,
      spec({ cells: [{ ...cell, spec: { multigateway: { resources: bad } } }] }),
      spec({ cells: [{ ...cell, spec: { multigateway: { resources: good } } }] }),
    ),
    error(
      "spec.cells[0].overrides.multigateway.resources.limits.memory",
      /multigateway a limit/,
      spec({ cells: [{ ...cell, overrides: { multigateway: { resources: bad } } }] }),
      spec({ cells: [{ ...cell, overrides: { multigateway: { resources: good } } }] }),
    ),
    error(
      "spec.cells[0].spec.localTopoServer.etcd.resources.limits.memory",
      /etcd a limit/,
      spec({ cells: [{ ...cell, spec: { localTopoServer: { etcd: { resources: bad } } } }] }),
      spec({ cells: [{ ...cell, spec: { localTopoServer: { etcd: { resources: good } } } }] }),
    ),
    error(
      `${shardPath}.spec.multiorch.resources.limits.memory`,
      /multiorch a limit/,
      withShard({ spec: { multiorch: { resources: bad } } }),
      withShard({ spec: { multiorch: { resources: good } } }),
    ),
    error(
      `${shardPath}.spec.pools.main.postgres.resources.limits.memory`,
      /postgres a limit/,
      pool({ postgres: { resources: bad } }),
      pool({ postgres: { resources: good } }),
    ),
    error(
      `${shardPath}.spec.pools.main.multipooler.resources.limits.memory`,
      /multipooler a limit/,
      pool({ multipooler: { resources: bad } }),
      pool({ multipooler: { resources: { requests: { cpu: "1" }, limits: { cpu: "1000m" } } } }),
    ),
  ],
  BufferTimesFit: [
    ...[
      ["window", { window: "0s" }, { window: "1ms" }],
      ["maxFailoverDuration", { maxFailoverDuration: "0h" }, { maxFailoverDuration: "10s" }],
      ["window", { window: "21s" }, { window: "20s" }],
      ["window", { maxFailoverDuration: "9s" }, { window: "9s", maxFailoverDuration: "9s" }],
      ["window", { window: "1m1s", maxFailoverDuration: "1m" }, {
        enabled: false,
        window: "1m1s",
        maxFailoverDuration: "1m",
      }],
    ].map(([field, refused, accepted]) => {
      const gateway = (buffer: unknown) => spec({ cells: [{ ...cell, spec: { multigateway: { buffer } } }] });
      return error(
        `spec.cells[0].spec.multigateway.buffer.${field}`,
        /Cannot hold statements back/,
        gateway(refused),
        gateway(accepted),
      );
    }),
  ],
  PoolIsNew: [
    {
      ...warning(
        `${shardPath}.overrides.pools.mian`,
        /ShardTemplate shard has none/,
        withShard({ shardTemplate: "shard", overrides: { pools: { mian: {} } } }),
        withShard({ shardTemplate: "shard", overrides: { pools: { main: {} } } }),
      ),
      around: { templates: template },
    },
    warning(
      `${shardPath}.overrides.pools.own`,
      /no ShardTemplate/,
      withShard({ overrides: { pools: { own: {} } } }),
      withShard({ spec: { pools: { own: {} } } }),
    ),
  ],
  PoolNameFits: [
    error(
      `${shardPath}.spec.pools.Main`,
      /"Main"/,
      withShard({ spec: { pools: { Main: {} } } }),
      withShard({ spec: { pools: { ["x".repeat(25)]: {} } } }),
    ),
    error(
      `${shardPath}.spec.pools["-a"]`,
      /hyphens/,
      withShard({ spec: { pools: { "-a": {} } } }),
      withShard({ spec: { pools: { "a-a": {} } } }),
    ),
    {
      ...error(
        `${shardPath}.pools.${"x".repeat(26)}`,
        /1 to 25/,
        withShard({ shardTemplate: "lengthy" }),
        withShard({ shardTemplate: "shard" }),
      ),
      around: { templates: template },
    },
  ],
  CellsGiven: [error("spec.cells", /without cells/, clusterSpec({}), clusterSpec({ cells: [cell] }))],
  CellExists: [
    error(
      `${shardPath}.spec.multiorch.cells`,
      /multiorch in cell z .*it has a\./,
      withShard({ spec: { multiorch: { cells: ["a", "z"] } } }),
      withShard({ spec: { multiorch: { cells: ["a"] } } }),
    ),
    error(
      `${shardPath}.spec.pools.main.cells`,
      /pool main in cell z/,
      pool({ cells: ["z"] }),
      pool({ cells: ["a"] }),
    ),
  ],
  DurabilityKnown: [
    warning(
      "spec.durabilityPolicy",
      /ANY_2/,
      spec({ durabilityPolicy: "ANY_2" }),
      spec({ durabilityPolicy: "AT_LEAST_2" }),
    ),
  ],
  DurabilityReachable: [
    warning(
      `${shardPath}.spec.pools`,
      /has 1 instance/,
      pool({ replicasPerCell: 1 }),
      pool({ replicasPerCell: 2 }),
    ),
    warning(
      `${shardPath}.spec.pools`,
      /runs in 1 cell/,
      spec({ durabilityPolicy: "MULTI_CELL_AT_LEAST_2" }),
      spec({ cells, durabilityPolicy: "MULTI_CELL_AT_LEAST_2" }),
    ),
    warning(
      `${shardPath}.spec.pools`,
      /spec.databases\[0\].durabilityPolicy/,
      spec({ databases: [{ name: "postgres", default: true, durabilityPolicy: "MULTI_CELL_AT_LEAST_2" }] }),
      withShard({ spec: { pools: { one: { replicasPerCell: 1 }, two: { replicasPerCell: 1 } } } }),
    ),
  ],
  SameUser: [
    error(
      `${shardPath}.spec.pools.main.multipooler.runAsUser`,
      /postgres.runAsUser is not set/,
      pool({ multipooler: { runAsUser: 5 } }),
      pool({ multipooler: { runAsUser: 5 }, postgres: { runAsUser: 5 } }),
    ),
    error(
      `${shardPath}.spec.pools.main.multipooler.runAsUser`,
      /postgres.runAsUser is 6/,
      pool({ multipooler: { runAsUser: 5 }, postgres: { runAsUser: 6 } }),
      pool({ postgres: { runAsUser: 6 } }),
    ),
  ],
  BackupVolumeShared: [
    warning(
      "spec.backup.filesystem.storage.accessModes",
      /has 2 instances/,
      spec({}),
      spec({ backup: sharedBackup }),
    ),
    warning(
      `${shardPath}.backup.filesystem.storage.accessModes`,
      /lacks ReadWriteMany/,
      withShard({
        backup: { type: "filesystem", filesystem: { storage: { accessModes: ["ReadWriteOnce"] } } },
      }),
      withShard({ backup: objectStore }),
    ),
    warning(
      "spec.backup.filesystem.storage.accessModes",
      /lacks/,
      pool({ replicasPerCell: 2 }),
      pool({ replicasPerCell: 1 }),
    ),
  ],
  StorageClassGiven: [
    {
      ...error(
        "spec.globalTopoServer.etcd.storage.class",
        /spec.globalTopoServer.etcd.storage, .*shards\[0\].pools.default.storage, spec.backup.filesystem.storage as no StorageClass/,
        spec({}),
        spec({}),
      ),
      accepted: withShard({ spec: { pools: { main: { storage: { class: "fast" } } } } }, {
        backup: objectStore,
        globalTopoServer: { external: { endpoints: ["http://e"] } },
      }),
      around: { storageClasses: [{ name: "fast", isDefault: false }] },
    },
  ],
  StorageClassExists: [
    {
      ...warning(
        `${shardPath}.spec.pools.main.storage.class`,
        /slow/,
        pool({ storage: { class: "slow" } }),
        pool({ storage: { class: "fast" } }),
      ),
      around: { storageClasses: [{ name: "fast", isDefault: true }] },
    },
  ],
};
