import assert from "node:assert/strict";
import { ConfigMaps, Pods, Secrets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { steadyClient } from "../../support/operator.ts";
import { install, name, operate, stageOf } from "../postgres_cluster/stage.ts";
import { plugin, runBySh } from "./support.ts";

const PUBLIC = new Set(["tls.crt", "ca.crt", "username", "host", "port", "database"]);

Deno.test("a report holds objects, events and logs, and no value of any Secret", (t) =>
  withNamespace(t, async ({ namespace }) => {
    await install();
    using client = steadyClient(sharedCluster().connection);
    await using operator = operate(namespace);
    const stage = stageOf(client, namespace, operator);
    await client.create(Secrets, {
      metadata: { namespace, name: "app" },
      stringData: { password: "gl4ss-h0use-p4ssw0rd", token: "pin7" },
    });
    await stage.apply({ replicas: 1, tls: { enabled: true }, pgbouncer: { enabled: true } });
    await stage.untilPhase("Running");
    // As careless people do: secrets in annotations, variables, settings and texts.
    const labels = { "postgres-operator.smoketurner.com/cluster": name };
    const uri = "postgresql://app:gl4ss-h0use-p4ssw0rd@db/x";
    await client.create(ConfigMaps, {
      metadata: { namespace, name: "settings", labels, annotations: { note: "the token is pin7" } },
      data: {
        conninfo: `host=db password=never-stored-anywhere`,
        uri,
        encoded: btoa("gl4ss-h0use-p4ssw0rd"),
      },
    });
    const env = [{ name: "A", value: "plain-value-of-a-variable" }, { name: "URI", value: uri }];
    await client.create(Pods, {
      metadata: { namespace, name: "careless", labels },
      spec: {
        containers: [{ name: "c", image: "none", env, args: ["--auth-token=said-on-the-command-line"] }],
      },
    });
    const folder = await Deno.makeTempDir({ prefix: "matriarch-report-" });
    try {
      const { code, stdout, stderr } = await plugin(["report", name], { namespace, cwd: folder });
      assert.equal(code, 0, stderr);
      const [, file = ""] = /^(matriarch-report-orders-\S+\.tar\.gz): \d+ files, /.exec(stdout) ?? [];
      const unpacked = await runBySh(["tar", "-xzf", file], { cwd: folder });
      assert.equal(unpacked.code, 0, unpacked.stderr);
      const files = await contents(folder);
      const all = [...files].map(([path, text]) => `${path}\n${text}`).join("\n");
      const { mode } = await Deno.stat(`${folder}/${file}`);
      assert.equal((mode ?? 0) & 0o777, 0o600);

      const looked = await secretValues(client, namespace);
      assert.ok(looked.length >= 6, "passwords, keys and tokens");
      for (const { of, value } of looked) {
        assert.equal(all.includes(value), false, `${of} stands in the report`);
        assert.equal(all.includes(btoa(value)), false, `${of} stands in the report, encoded`);
      }
      const others = ["never-stored-anywhere", "plain-value-of-a-variable", "said-on-the-command-line"];
      for (const other of others) assert.equal(all.includes(other), false, other);

      const inside = [...files.keys()].map((path) => path.replace(/^[^/]+\//, ""));
      for (
        const wanted of [
          "README.txt",
          "status.txt",
          "status.json",
          "events.yaml",
          "objects/PostgresCluster/orders.yaml",
          "objects/Pod/orders-0.yaml",
          "objects/Secret/orders-credentials.yaml",
          "objects/ConfigMap/settings.yaml",
          "logs/orders-0/postgres.log",
        ]
      ) assert.ok(inside.includes(wanted), `${wanted} among ${inside.join(" ")}`);
      assert.match(all, /REDACTED, \d+ bytes/);
      assert.match(all, /host=db password=REDACTED/);
      assert.match(all, /Members: 1 of 1 ready/);

      const again = await plugin(["report", name, `--file=${file}`], { namespace, cwd: folder });
      assert.match(again.stderr, /Cannot write \S+ as it is there already/);
      const outside = await plugin(["report", name, `--file=${folder}.tar.gz`], { namespace, cwd: folder });
      assert.match(outside.stderr, /Cannot write \S+ as only files below the current folder may be written/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));

/** Files below a folder, but for archives. */
async function contents(folder: string, inside = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${inside}`)) {
    const path = inside === "" ? name : `${inside}/${name}`;
    if (isDirectory) { for (const [key, text] of await contents(folder, path)) found.set(key, text); }
    else if (!name.endsWith(".gz")) found.set(path, await Deno.readTextFile(`${folder}/${path}`));
  }
  return found;
}

async function secretValues(
  client: Parameters<typeof stageOf>[0],
  namespace: string,
): Promise<{ readonly of: string; readonly value: string }[]> {
  const secrets = await client.listAll(Secrets, { namespace });
  return secrets.flatMap(({ metadata, data = {} }) =>
    Object.entries(data).filter(([key]) => !PUBLIC.has(key)).flatMap(([key, base64]) => {
      const value = atob(base64);
      const lines = value.split("\n").filter((line) => line.length > 16 && !line.startsWith("-----"));
      return [value, ...lines].map((each) => ({ of: `${metadata.name} ${key}`, value: each }));
    })
  );
}
