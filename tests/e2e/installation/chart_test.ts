/** The chart makes what the flavours make, and refuses values that cannot be. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { chartFiles } from "../../../deploy/chart_files.ts";
import { INSTALL, type Overlay, renderOverlay } from "../../../deploy/kustomize.ts";
import { rbacTree } from "../../../manifests/rbac/files.ts";
import { kubernetesVersion } from "../../ground/binaries.ts";
import { ground, ownedTest } from "../../ground/ground.ts";
import { isRecord, stringAt } from "../../ground/json.ts";
import { repository } from "../../ground/operator.ts";

const chart = join(repository, "deploy", "chart", "matriarch");

async function helm(...flags: string[]): Promise<{ code: number; out: string; said: string }> {
  const program = ground().helm ?? "helm";
  const version = `--kube-version=${kubernetesVersion}`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "helm", program, "template", "matriarch", chart, version, ...flags],
    clearEnv: true,
    env: { HOME: "/nonexistent" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), said: text.decode(stderr) };
}

/** Objects of a stream, by kind and name. */
function objectsOf(text: string): Map<string, Record<string, unknown>> {
  const objects = new Map<string, Record<string, unknown>>();
  const documents = parseAllDocuments(text);
  for (const document of Array.isArray(documents) ? documents : []) {
    assert.deepEqual(document.errors, []);
    const object: unknown = document.toJS();
    if (isRecord(object)) {
      objects.set(`${stringAt(object, "kind")}/${stringAt(object, "metadata", "name")}`, object);
    }
  }
  return objects;
}

/** Without what only the chart writes, or only the flavours. */
function comparable(objects: Map<string, Record<string, unknown>>): Map<string, unknown> {
  return new Map(
    [...objects].filter(([name]) => name !== "Namespace/multigres-operator").map(([name, object]) => {
      const bare: unknown = JSON.parse(JSON.stringify(object, withoutPolicy));
      return [name, bare];
    }),
  );
}

/** Definitions have no other annotations. */
function withoutPolicy(key: string, value: unknown): unknown {
  return key === "annotations" && isRecord(value) && "helm.sh/resource-policy" in value ? undefined : value;
}

const values: Readonly<Record<Overlay, readonly string[]>> = {
  "default": [],
  "no-webhook": ["--set=webhook.enabled=false"],
  "cert-manager": ["--set=webhook.certManager=true"],
  "observability": [
    "--set=metrics.serviceMonitors=true",
    "--set=otlpEndpoint=http://otel-collector.multigres-operator.svc:4318",
  ],
  "single-namespace": ["--set=singleNamespace=true"],
};

for (
  const overlay of ["default", "no-webhook", "cert-manager", "observability", "single-namespace"] as const
) {
  ownedTest(`the chart with the values of flavour ${overlay} makes the same objects`, async () => {
    const { code, out, said } = await helm("--namespace=multigres-operator", ...values[overlay]);
    assert.equal(code, 0, said);
    const made = comparable(objectsOf(out));
    const expected = comparable(
      objectsOf(await renderOverlay(ground().binaries.kubectl ?? "kubectl", overlay)),
    );
    assert.deepEqual([...made.keys()].sort(), [...expected.keys()].sort());
    for (const [name, object] of expected) assert.deepEqual(made.get(name), object, name);
  });
}

ownedTest(
  "in another namespace every object of the chart, and every reference, is of that namespace",
  async () => {
    const { code, out, said } = await helm("--namespace=data", "--set=webhook.certManager=true");
    assert.equal(code, 0, said);
    assert.doesNotMatch(out, /namespace: "?multigres-operator"?$/m);
    assert.doesNotMatch(out, /multigres-operator\.svc|serviceaccount:multigres-operator/);
    assert.match(out, /system:serviceaccount:data:multigres-operator-controller-manager/);
  },
);

ownedTest("a digest goes before the tag", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const { out } = await helm("--set=image.repository=r.example/m", `--set=image.digest=${digest}`);
  assert.ok(out.includes(`image: r.example/m@${digest}`));
});

ownedTest("values that cannot be are refused by name", async () => {
  for (
    const [set, named] of [
      ["replicas=0", /replicas/],
      ["imageUpdateStrategy=sometimes", /imageUpdateStrategy/],
      ["image.digest=sha256:short", /digest/],
      ["webhok.enabled=false", /webhok/],
    ] as const
  ) {
    const { code, said } = await helm(`--set=${set}`);
    assert.equal(code, 1, set);
    assert.match(said, named);
  }
});

Deno.test("what is generated is as code has it: else run `deno task manifests`", async () => {
  const templates = join(chart, "templates");
  for (const { name, content } of chartFiles()) {
    assert.ok(await Deno.readTextFile(join(templates, name)) === content, `templates/${name} differs`);
  }
  for (const { name, content } of rbacTree()) {
    const path = join(repository, "manifests", "rbac", name);
    assert.equal(await Deno.readTextFile(path), content, name);
  }
});

ownedTest("install.yaml is the flavour default: else run `deno task manifests`", async () => {
  const rendered = await renderOverlay(ground().binaries.kubectl ?? "kubectl", "default");
  assert.ok(await Deno.readTextFile(join(repository, INSTALL)) === rendered);
});
