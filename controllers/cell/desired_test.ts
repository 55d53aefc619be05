import assert from "node:assert/strict";
import { type Cell, Cells } from "../../api/multigres/cell.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Stored } from "../../kube/types.ts";
import { withoutServerDefaults } from "../../tests/support/server_defaults.ts";
import { desiredGatewayDeployment } from "./desired_gateway_deployment.ts";
import { desiredGatewayService } from "./desired_gateway_service.ts";
import { desiredLocalTopoServer } from "./desired_local_topo_server.ts";
import recordedObjects from "./recorded_objects.json" with { type: "json" };

const recorded: Readonly<Record<string, unknown>> = recordedObjects;

type Json = Record<string, unknown>;

function read(value: unknown): Cell & Stored {
  const decoded = Cells.decode(value);
  assert.ok(decoded.ok, decoded.ok ? "" : JSON.stringify(decoded.problems));
  const { metadata } = decoded.value;
  return { ...decoded.value, metadata: { ...metadata, namespace: "ns", uid: "u", resourceVersion: "1" } };
}

/** A Cell whose objects were recorded on a real API server, with another spec in parts. */
function cell(name: string, spec: Json = {}, metadata: Json = {}): Cell & Stored {
  const found = recorded[`Cell/${name}`];
  assert.ok(isRecord(found) && isRecord(found["spec"]) && isRecord(found["metadata"]));
  return read({
    ...found,
    apiVersion: "multigres.com/v1alpha1",
    metadata: { ...found["metadata"], ...metadata },
    spec: { ...found["spec"], ...spec },
  });
}

function west(spec: Json = {}, metadata: Json = {}) {
  return desiredGatewayDeployment(cell("rich-west-0e1df0ca", spec, metadata), { operator: {} }).spec
    ?.template;
}

function container(spec: Json) {
  const found = west(spec)?.spec?.containers[0];
  assert.ok(found);
  return found;
}

/** Without identities that no two runs share, and without what the API server fills in. */
function comparable(object: object): unknown {
  const plain = withoutServerDefaults(JSON.parse(JSON.stringify(object)));
  assert.ok(isRecord(plain) && isRecord(plain["metadata"]));
  const { kind: _kind, ...rest } = plain;
  const { namespace: _namespace, annotations: _none, ownerReferences, ...metadata } = plain["metadata"];
  assert.ok(Array.isArray(ownerReferences));
  const owners = ownerReferences.filter(isRecord).map(({ uid: _uid, ...owner }) => owner);
  return { ...rest, metadata: { ...metadata, ownerReferences: owners } };
}

/** The recorded Deployment with the one thing that differs on purpose: what the start-up probe asks for. */
function withLiveStartup(object: unknown): object {
  const text = JSON.stringify(object, (key, value) => {
    if (key !== "startupProbe") return value;
    assert.equal(value.httpGet.path, "/ready");
    return { ...value, httpGet: { ...value.httpGet, path: "/live" } };
  });
  return JSON.parse(text);
}

const gateways = [
  ["minimal-zone-a-96c88ae0", "minimal-zone-a-multigateway-0ccc2e8b"],
  ["rich-east-7e7ad954", "rich-east-multigateway-10b65a17"],
  ["rich-west-0e1df0ca", "rich-west-multigateway-d51cbb91"],
  ["managed-zone-a-ea1bded2", "managed-zone-a-multigateway-fb40fc89"],
] as const;

for (const [owner, name] of gateways) {
  Deno.test(`the gateway of ${owner} is the recorded one, but for what its start-up probe asks for`, () => {
    const deployment = desiredGatewayDeployment(cell(owner), { operator: {} });
    assert.deepEqual(comparable(deployment), comparable(withLiveStartup(recorded[`Deployment/${name}`])));
    const service = desiredGatewayService(cell(owner));
    assert.deepEqual(comparable(service), comparable(withLiveStartup(recorded[`Service/${name}`])));
  });
}

Deno.test("pull settings, affinity, tolerations and annotations reach the pods", () => {
  const affinity = { nodeAffinity: {} };
  const tolerations = [{ key: "db", operator: "Exists" }];
  const template = west({
    images: {
      multigateway: "gateway:1",
      imagePullPolicy: "Always",
      imagePullSecrets: [{ name: "registry" }],
    },
    multigateway: { affinity, podAnnotations: { note: "x", "prometheus.io/scrape": "true" } },
    multigatewayPlacement: { tolerations },
  });
  assert.deepEqual(template?.spec?.imagePullSecrets, [{ name: "registry" }]);
  assert.equal(template?.spec?.containers[0]?.imagePullPolicy, "Always");
  assert.deepEqual(template?.spec?.affinity, affinity);
  assert.deepEqual(template?.spec?.tolerations, tolerations);
  assert.deepEqual(template?.metadata?.annotations, { note: "x", "multigres.com/project-ref": "rich" });
});

Deno.test("the project of the cluster's owner is told to pods and telemetry", () => {
  const template = west({}, { annotations: { "multigres.com/project-ref": "abc" } });
  assert.equal(template?.metadata?.annotations?.["multigres.com/project-ref"], "abc");
  const env = template?.spec?.containers[0]?.env?.find(({ name }) => name === "OTEL_RESOURCE_ATTRIBUTES");
  assert.match(env?.value ?? "", /^multigres.project=abc,/);
});

Deno.test("buffer settings become flags, and those that are not said do not", () => {
  const buffer = {
    enabled: false,
    window: "10s",
    maxFailoverDuration: "20s",
    minTimeBetweenFailovers: "1m",
    size: 500,
    drainConcurrency: 2,
  };
  const flags = (given: object) => {
    const { args = [] } = container({ multigateway: { buffer: given } });
    return args.slice(args.indexOf("--log-level") + 2);
  };
  assert.deepEqual(flags(buffer), [
    "--buffer-enabled=false",
    ...["--buffer-window", "10s"],
    ...["--buffer-max-failover-duration", "20s"],
    ...["--buffer-min-time-between-failovers", "1m"],
    ...["--buffer-size", "500"],
    ...["--buffer-drain-concurrency", "2"],
  ]);
  assert.deepEqual(flags({}), []);
});

Deno.test("each certificate has a folder of its own, and clients see that of their cluster", () => {
  const spec = {
    certCommonName: "db.example.com",
    internalTLS: { enabled: true },
    observability: { otlpEndpoint: "disabled" },
  };
  const template = west(spec);
  assert.deepEqual(template?.spec?.volumes, [
    {
      name: "tls-certs-internal",
      secret: { secretName: "multigateway.rich.ns.multigres.internal", defaultMode: 0o444 },
    },
    { name: "tls-certs", secret: { secretName: "rich-multigateway-tls", defaultMode: 0o444 } },
  ]);
  const { args = [], env, volumeMounts } = container(spec);
  assert.deepEqual(volumeMounts?.map(({ name, mountPath }) => `${name} ${mountPath}`), [
    "tls-certs-internal /etc/multigateway/tls-internal",
    "tls-certs /etc/multigateway/tls",
  ]);
  assert.equal(args[args.indexOf("--grpc-cert") + 1], "/etc/multigateway/tls-internal/tls.crt");
  assert.equal(
    args[args.indexOf("--multipooler-grpc-server-name") + 1],
    "multipooler.rich.ns.multigres.internal",
  );
  assert.equal(args[args.indexOf("--pg-tls-cert-file") + 1], "/etc/multigateway/tls/tls.crt");
  assert.equal(args[args.indexOf("--pg-tls-key-file") + 1], "/etc/multigateway/tls/tls.key");
  assert.equal(env, undefined);
  assert.equal(west({ certCommonName: "", observability: {} })?.spec?.volumes, undefined);
});

Deno.test("an external topology server is reached with the Secrets that the cluster names", () => {
  const globalTopoServer = {
    address: "https://topo:2379",
    implementation: "etcd",
    rootPath: "/r",
    clientCertSecret: "client",
  };
  const { args = [], volumeMounts } = container({ globalTopoServer });
  assert.ok(args.some((argument) => argument.startsWith("--topo-etcd-tls-cert=")));
  assert.deepEqual(volumeMounts?.map(({ name }) => name), ["topology-tls"]);
});

Deno.test("a cell's own etcd becomes a TopoServer with the policy beside it", () => {
  const pvcDeletionPolicy = { whenDeleted: "Retain", whenScaled: "Delete" };
  const etcd = { replicas: 3, rootPath: "/multigres/west", image: "etcd:1", storage: { size: "1Gi" } };
  const server = desiredLocalTopoServer(
    cell("minimal-zone-a-96c88ae0", { topoServer: { etcd: { ...etcd, pvcDeletionPolicy } } }),
  );
  assert.equal(server?.metadata.name, "minimal-zone-a-96c88ae0-topo-26e28848");
  assert.deepEqual(server?.spec, { etcd, pvcDeletionPolicy });
  assert.deepEqual(server?.metadata.labels, {
    "app.kubernetes.io/component": "local-topo",
    "app.kubernetes.io/instance": "minimal",
    "app.kubernetes.io/managed-by": "multigres-operator",
    "app.kubernetes.io/name": "multigres",
    "app.kubernetes.io/part-of": "multigres",
    "multigres.com/cell": "zone-a",
    "multigres.com/cluster": "minimal",
  });
  const external = { endpoints: ["http://topo:2379"] };
  assert.equal(desiredLocalTopoServer(cell("rich-west-0e1df0ca", { topoServer: { external } })), undefined);
  assert.equal(desiredLocalTopoServer(cell("rich-west-0e1df0ca")), undefined);
});

Deno.test("a cell made by hand stands for its cluster, with one gateway that logs at info", () => {
  const owner = read({
    apiVersion: "multigres.com/v1alpha1",
    kind: "Cell",
    metadata: { name: "alone" },
    spec: {
      name: "z",
      zone: "z1",
      images: { multigateway: "g:1" },
      multigateway: {},
      globalTopoServer: { address: "t:1", implementation: "etcd", rootPath: "/r" },
    },
  });
  const { spec } = desiredGatewayDeployment(owner, { operator: {} });
  assert.equal(spec?.replicas, 1);
  assert.equal(spec?.selector.matchLabels?.["app.kubernetes.io/instance"], "alone");
  assert.ok(spec?.template.spec?.containers[0]?.args?.join(" ").endsWith("--log-level info"));
});

Deno.test("building changes nothing that was handed in, and the same input gives the same objects", () => {
  const owner = cell("rich-east-7e7ad954");
  const before = JSON.stringify(owner);
  const first = JSON.stringify([
    desiredGatewayDeployment(owner, { operator: {} }),
    desiredGatewayService(owner),
  ]);
  assert.equal(
    JSON.stringify([desiredGatewayDeployment(owner, { operator: {} }), desiredGatewayService(owner)]),
    first,
  );
  assert.equal(JSON.stringify(owner), before);
});

Deno.test("another certificate for clients takes other gateways, as they read it when they start", () => {
  const owner = cell("rich-west-0e1df0ca");
  const template = (certificate?: string) =>
    desiredGatewayDeployment(owner, { operator: {}, certificate }).spec?.template.metadata?.annotations;
  assert.equal(template()?.["multigres.com/certificate-hash"], undefined);
  assert.equal(template("one")?.["multigres.com/certificate-hash"], "one");
  assert.notDeepEqual(template("one"), template("two"));
});
