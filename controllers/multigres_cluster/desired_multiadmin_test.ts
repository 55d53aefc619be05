import assert from "node:assert/strict";
import { viewOf } from "../../tests/support/cluster_view.ts";
import { clusterSpec } from "../../tests/support/multigres_specs.ts";
import { desiredMultiadminDeployment } from "./desired_multiadmin.ts";
import { desiredMultiadminWebDeployment } from "./desired_multiadmin_web.ts";
import type { ClusterView } from "./view.ts";

type Json = Readonly<Record<string, unknown>>;

function podOf(deployment: ReturnType<typeof desiredMultiadminDeployment>) {
  const pod = deployment.spec?.template.spec;
  const [container] = pod?.containers ?? [];
  assert.ok(pod && container);
  return { pod, container, metadata: deployment.spec?.template.metadata };
}

function admin(spec: Json, options = {}) {
  return podOf(desiredMultiadminDeployment(viewOf(clusterSpec(spec), options)));
}

function web(spec: Json) {
  return podOf(desiredMultiadminWebDeployment(viewOf(clusterSpec(spec))));
}

Deno.test("multiadmin is told where the topology really is", () => {
  const topologyFlags = (server: Json) =>
    admin({ globalTopoServer: server }).container.args?.filter((flag) => flag.startsWith("--topo-global"));
  assert.deepEqual(topologyFlags({ etcd: { rootPath: "/x" } }), [
    "--topo-global-server-addresses=c-global-topo.shop.svc:2379",
    "--topo-global-root=/x",
  ]);
  const external = { endpoints: ["https://one:2379", "https://two:2379"], rootPath: "/y" };
  assert.deepEqual(topologyFlags({ external }), [
    "--topo-global-server-addresses=https://one:2379",
    "--topo-global-root=/y",
  ]);
});

Deno.test("multiadmin gets the Secrets of an external topology server", () => {
  const external = { endpoints: ["https://e:2379"], caSecret: "authority", clientCertSecret: "client" };
  const { container, pod } = admin({ globalTopoServer: { external } });
  assert.deepEqual(container.args?.filter((flag) => flag.startsWith("--topo-etcd-tls")), [
    "--topo-etcd-tls-cert=/etc/multigres/topology-tls/tls.crt",
    "--topo-etcd-tls-key=/etc/multigres/topology-tls/tls.key",
    "--topo-etcd-tls-ca=/etc/multigres/topology-tls/ca.crt",
  ]);
  assert.deepEqual(container.volumeMounts?.map(({ name }) => name), ["topology-tls"]);
  const sources = pod.volumes?.flatMap(({ projected }) => projected?.sources ?? []);
  assert.deepEqual(sources?.map(({ secret }) => secret?.name), ["authority", "client"]);
});

Deno.test("multiadmin trusts the authority of a server that wants no client certificate", () => {
  const external = { endpoints: ["https://e:2379"], caSecret: "authority" };
  const observability = { otlpEndpoint: "http://collector:4318" };
  const { container } = admin({ globalTopoServer: { external }, observability });
  assert.deepEqual(container.env, [
    { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://collector:4318" },
    { name: "SSL_CERT_DIR", value: "/etc/ssl/certs:/etc/multigres/topology-tls" },
  ]);
});

Deno.test("internal TLS gives multiadmin its certificate, and the name that poolers must have", () => {
  const { container, pod } = admin({ internalTLS: { enabled: true } });
  const folder = "/etc/multiadmin/tls";
  assert.deepEqual(container.args?.slice(7), [
    ...["--grpc-cert", `${folder}/tls.crt`],
    ...["--grpc-key", `${folder}/tls.key`],
    ...["--grpc-ca", `${folder}/ca.crt`],
    ...["--grpc-server-ca", `${folder}/ca.crt`],
    ...["--multipooler-grpc-cert", `${folder}/tls.crt`],
    ...["--multipooler-grpc-key", `${folder}/tls.key`],
    ...["--multipooler-grpc-ca", `${folder}/ca.crt`],
    ...["--multipooler-grpc-server-name", "multipooler.c.shop.multigres.internal"],
    "--multipooler-grpc-require-tls",
  ]);
  assert.deepEqual(pod.volumes, [
    { name: "tls-certs", secret: { secretName: "multiadmin.c.shop.multigres.internal", defaultMode: 0o444 } },
  ]);
  assert.deepEqual(container.volumeMounts, [{ name: "tls-certs", mountPath: folder, readOnly: true }]);
  assert.deepEqual(web({ internalTLS: { enabled: true } }), web({}));
});

Deno.test("multiadmin sends its telemetry where the operator does, without attributes of its own", () => {
  const telemetry = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://operator:4318",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=operator",
  };
  assert.deepEqual(admin({}, { telemetry }).container.env, [
    { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://operator:4318" },
  ]);
  assert.equal(admin({}).container.env, undefined);
  const observability = {
    otlpEndpoint: "http://collector:4318",
    samplingConfigRef: { name: "rules", key: "r.yaml" },
  };
  const { container, pod } = admin({ observability });
  assert.deepEqual(container.env?.at(-1), { name: "OTEL_TRACES_SAMPLER_CONFIG", value: "/etc/otel/r.yaml" });
  assert.deepEqual(pod.volumes?.map(({ configMap }) => configMap?.name), ["rules"]);
});

Deno.test("pull policy and pull Secrets reach both admin pods", () => {
  const images = { imagePullPolicy: "Always", imagePullSecrets: [{ name: "registry" }] };
  for (const { pod, container } of [admin({ images }), web({ images })]) {
    assert.equal(container.imagePullPolicy, "Always");
    assert.deepEqual(pod.imagePullSecrets, [{ name: "registry" }]);
  }
});

Deno.test("what users say of the pods is there, but no label of theirs replaces one of the operator's", () => {
  const resources = { requests: { cpu: "1" }, limits: { memory: "1Gi" } };
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
  };
  const spec = {
    affinity,
    resources,
    replicas: 3,
    podLabels: { tier: "admin", "app.kubernetes.io/instance": "other", "multigres.com/cell": "other" },
    podAnnotations: { "prometheus.io/scrape": "true" },
  };
  const tolerations = [{ key: "admin", operator: "Exists" }];
  const { pod, container, metadata } = admin({ multiadmin: { spec, placement: { tolerations } } });
  assert.deepEqual(pod.affinity, affinity);
  assert.deepEqual(pod.tolerations, tolerations);
  assert.deepEqual(container.resources, resources);
  assert.deepEqual(metadata?.annotations, { "prometheus.io/scrape": "true" });
  assert.deepEqual(metadata?.labels, {
    tier: "admin",
    "app.kubernetes.io/name": "multigres",
    "app.kubernetes.io/instance": "c",
    "app.kubernetes.io/component": "multiadmin",
    "app.kubernetes.io/part-of": "multigres",
    "app.kubernetes.io/managed-by": "multigres-operator",
    "multigres.com/cluster": "c",
  });
});

Deno.test("no replicas means no replicas, and not the default", () => {
  const view = (part: string): ClusterView => viewOf(clusterSpec({ [part]: { spec: { replicas: 0 } } }));
  assert.equal(desiredMultiadminDeployment(view("multiadmin")).spec?.replicas, 0);
  assert.equal(desiredMultiadminWebDeployment(view("multiadminWeb")).spec?.replicas, 0);
});

Deno.test("the admin pages know the superuser's name, and no password", () => {
  const env = web({ postgresSuperuser: "root" }).container.env ?? [];
  assert.deepEqual(env.filter(({ name }) => name === "POSTGRES_USER"), [{
    name: "POSTGRES_USER",
    value: "root",
  }]);
  assert.deepEqual(
    env.filter(({ name, valueFrom }) => name.includes("PASSWORD") || valueFrom !== undefined),
    [],
  );
});
