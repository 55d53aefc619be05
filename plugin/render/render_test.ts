import assert from "node:assert/strict";
import type { ClusterPicture, Instance, StatusDocument } from "../picture.ts";
import { renderCluster, renderEnd } from "./cluster.ts";
import { renderList } from "./list.ts";
import type { Style } from "./style.ts";
import { age, bytes, duration, relative } from "./words.ts";

const now = new Date("2026-01-10T00:00:00Z");
const plain: Style = { columns: undefined, colours: false };

const instance: Instance = {
  pod: "orders-0",
  pool: null,
  cell: null,
  role: "primary",
  lastRole: null,
  ready: true,
  lagBytes: null,
  node: "node-1",
  restarts: 0,
  createdAt: "2026-01-09T00:00:00Z",
  note: null,
};

const standing = { phase: "Running", message: null, current: true };

const cluster: ClusterPicture = {
  kind: "PostgresCluster",
  namespace: "shop",
  name: "orders",
  createdAt: "2026-01-08T00:00:00Z",
  deleting: false,
  ...standing,
  postgresVersion: "16",
  addresses: [],
  cells: [],
  topologyServers: [],
  tableGroups: [],
  groups: [{
    object: "PostgresCluster/orders",
    name: "orders",
    ...standing,
    database: null,
    tableGroup: null,
    shard: null,
    wanted: 2,
    instances: [instance, { ...instance, pod: "orders-1", role: "replica", lagBytes: 1_572_864 }],
  }],
  poolers: null,
  dependents: [],
  backups: [{
    of: "PostgresCluster/orders",
    health: "healthy",
    lastTime: "2026-01-09T22:00:00Z",
    type: "base_1",
    message: null,
    recoverableFrom: null,
    recoverableTo: null,
  }],
  certificates: [{
    secret: "orders-own-tls",
    key: "tls.crt",
    subject: "CN=orders",
    expiresAt: "2026-01-13T00:00:00Z",
    problem: null,
  }],
  conditions: [],
  waiting: [],
};

Deno.test("a page tells members, backups, certificates, and that nothing is waited for", () => {
  assert.equal(
    renderCluster(cluster, plain, now),
    `PostgresCluster shop/orders  Running, PostgreSQL 16, 2d old

Members: 2 of 2 ready
  POD       ROLE     READY  LAG      NODE    RESTARTS  AGE
  orders-0  primary  yes    -        node-1  0         1d
  orders-1  replica  yes    1.5 MiB  node-1  0         1d

Backups
  OF                      HEALTH   LAST    TYPE
  PostgresCluster/orders  healthy  2h ago  base_1

Certificates
  SECRET          KEY      EXPIRES  AT
  orders-own-tls  tls.crt  in 3d    2026-01-13T00:00:00Z

Waiting for
  nothing
`,
  );
});

Deno.test("what is not known is called unknown, with what was known last", () => {
  const [group] = cluster.groups;
  const lost: Instance = { ...instance, role: "unknown", lastRole: "primary", ready: false, node: null };
  const text = renderCluster(
    {
      ...cluster,
      phase: "Unknown",
      createdAt: null,
      groups: group === undefined ? [] : [{ ...group, wanted: null, instances: [lost] }],
    },
    plain,
    now,
  );
  assert.match(text, /^PostgresCluster shop\/orders {2}Unknown, PostgreSQL 16, unknown old/);
  assert.match(text, /Members: 0 of an unknown number of ready/);
  assert.match(text, /orders-0 +unknown \(was primary\) +no +unknown +none/);
});

Deno.test("text is coloured only where colours are wanted", () => {
  assert.equal(renderCluster(cluster, plain, now).includes("\u001b"), false);
  assert.ok(renderCluster(cluster, { ...plain, colours: true }, now).includes("\u001b[32mRunning\u001b[0m"));
});

Deno.test("lines of tables keep to the terminal, and sentences that say what to do are whole", () => {
  const message = "a rather long sentence that says what is to be done, ".repeat(4);
  const waiting = [{ of: "PostgresCluster/orders", reason: "Degraded", message, since: null }];
  const conditions = [{
    of: "PostgresCluster/orders",
    type: "Ready",
    status: "False",
    reason: "Waiting",
    message,
    since: "2026-01-09T00:00:00Z",
    current: true,
    atRest: false,
  }];
  const text = renderCluster({ ...cluster, waiting, conditions }, { ...plain, columns: 60 }, now);
  const [row = ""] = text.split("\n").filter((line) => line.includes(" Waiting "));
  assert.ok(row.length <= 60 && row.endsWith("…"), row);
  assert.ok(text.includes(message.trim()));
});

Deno.test("an object cannot write to the terminal what it likes", () => {
  const text = renderCluster(
    { ...cluster, phase: "Failed", message: "gone\u001b[2J\nfake line" },
    plain,
    now,
  );
  assert.match(text, /gone \[2J fake line/);
});

Deno.test("a list has one line for each cluster, and counts shards where there are several", () => {
  const [group] = cluster.groups;
  const groups = group === undefined ? [] : [group, { ...group, instances: [] }];
  const text = renderList(
    [cluster, { ...cluster, name: "many", phase: "Degraded", message: "a shard", groups }],
    plain,
    now,
  );
  assert.deepEqual(text.trimEnd().split("\n").map((line) => line.split(/ {2,}/)), [
    ["NAMESPACE", "KIND", "NAME", "PHASE", "READY", "PRIMARY", "BACKUPS", "AGE", "MESSAGE"],
    ["shop", "PostgresCluster", "orders", "Running", "2/2", "orders-0", "healthy, 2h ago", "2d"],
    [
      "shop",
      "PostgresCluster",
      "many",
      "Degraded",
      "2/4",
      "1 of 2 shards",
      "healthy, 2h ago",
      "2d",
      "a shard",
    ],
  ]);
});

Deno.test("the operator and what could not be read stand at the end", () => {
  const document: StatusDocument = {
    version: 1,
    takenAt: "2026-01-10T00:00:00Z",
    operator: { state: "stale", holder: "a", renewedAt: "2026-01-09T23:00:00Z", message: "nobody renews" },
    clusters: [],
    notes: ["Cannot show pods"],
  };
  assert.equal(
    renderEnd(document, plain),
    "Operator: stale, lease renewed 1h ago (nobody renews)\nNote: Cannot show pods\n",
  );
});

Deno.test("times and sizes are told by their largest units", () => {
  assert.deepEqual([0, 59, 61, 3_600, 12_000, 86_400 * 12, 90_000].map(duration), [
    "0s",
    "59s",
    "1m1s",
    "1h",
    "3h20m",
    "12d",
    "1d1h",
  ]);
  assert.deepEqual([0, 1_023, 1_024, 16 * 2 ** 20, 2 ** 50].map(bytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "16.0 MiB",
    "1024.0 TiB",
  ]);
  assert.deepEqual([age(null, now), age("nonsense", now), relative(null, now)], [
    "unknown",
    "unknown",
    "unknown",
  ]);
});
