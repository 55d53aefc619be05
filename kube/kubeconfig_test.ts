import assert from "node:assert/strict";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadInCluster } from "./in_cluster.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { ManualClock } from "./manual_clock.ts";

function config(user: object, cluster: object = {}): Record<string, unknown> {
  return {
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u", namespace: "team" } }],
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
  };
}

function scenario(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await run(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const load = (...paths: string[]) => loadKubeconfig({ paths, clock: new ManualClock() });

async function write(folder: string, name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await Deno.writeTextFile(path, typeof content === "string" ? content : stringify(content));
  return path;
}

scenario("certificates come from the file itself, or from files beside it", async (folder) => {
  await write(folder, "ca.crt", "CA");
  const user = { "client-certificate-data": btoa("CERT"), "client-key-data": btoa("KEY") };
  const path = await write(folder, "config", config(user, { "certificate-authority": "ca.crt" }));
  assert.deepEqual(await load(path), {
    server: "https://10.0.0.1:6443",
    namespace: "team",
    caPem: "CA",
    certPem: "CERT",
    keyPem: "KEY",
  });
});

scenario(
  "of several files the first that names something decides, and missing files are passed over",
  async (folder) => {
    const first = await write(folder, "one", { "current-context": "here" });
    const second = await write(folder, "two", config({ token: "t" }));
    const connection = await load(join(folder, "none"), first, second);
    assert.equal(await connection.token?.(), "t");
  },
);

scenario(
  "a token file is read again after a minute, and a failing read keeps the last token",
  async (folder) => {
    const clock = new ManualClock();
    const token = await write(folder, "token", "one\n");
    const path = await write(folder, "config", config({ tokenFile: "token" }));
    const connection = await loadKubeconfig({ paths: [path], clock });
    assert.equal(await connection.token?.(), "one");
    await Deno.writeTextFile(token, "two");
    assert.equal(await connection.token?.(), "one");
    await clock.advance(61_000);
    assert.equal(await connection.token?.(), "two");
    await Deno.remove(token);
    await clock.advance(61_000);
    assert.equal(await connection.token?.(), "two");
  },
);

scenario("what cannot be honoured is refused by name, with a remedy", async (folder) => {
  const cases: [object, object, RegExp][] = [
    [
      { token: "t" },
      { "insecure-skip-tls-verify": true },
      /insecure-skip-tls-verify \(true\) is not supported/,
    ],
    [{ token: "t" }, { "proxy-url": "http://p" }, /proxy-url/],
    [{ token: "t", as: "root" }, {}, /as \("root"\)/],
    [{ username: "u", password: "p" }, {}, /username/],
    [{ "client-key-data": "%%%" }, {}, /client-key-data is no base64/],
  ];
  for (const [user, cluster, message] of cases) {
    const path = await write(folder, "config", config(user, cluster));
    await assert.rejects(load(path), message);
  }
});

scenario("missing files, broken YAML and dangling names are told in one line", async (folder) => {
  await assert.rejects(
    load(join(folder, "none")),
    /Cannot find a kubeconfig \(looked at: .*none\); set KUBECONFIG/,
  );
  await assert.rejects(load(await write(folder, "broken", "a: [1")), /broken as it is no YAML/);
  await assert.rejects(load(await write(folder, "list", "- 1")), /holds no mapping/);
  await assert.rejects(load(await write(folder, "empty", {})), /has no current-context/);
  const dangling = { ...config({ token: "t" }), users: [] };
  await assert.rejects(load(await write(folder, "dangling", dangling)), /"u" is not among its users/);
});

Deno.test({
  name: "a file that may not be read says which permission is missing",
  permissions: { read: false },
}, async () => {
  await assert.rejects(load("/etc/hostname"), /start it with --allow-read=\/etc\/hostname/);
});

scenario("a pod's ServiceAccount is read from its folder", async (folder) => {
  for (const [name, content] of [["token", "t1"], ["ca.crt", "CA"], ["namespace", "team\n"]] as const) {
    await write(folder, name, content);
  }
  const clock = new ManualClock();
  const connection = await loadInCluster({ host: "fd00::1", port: "443", clock, folder });
  assert.equal(connection.server, "https://[fd00::1]:443");
  assert.equal(connection.namespace, "team");
  assert.equal(await connection.token?.(), "t1");
  await assert.rejects(
    loadInCluster({ host: undefined, port: "443", clock, folder }),
    /KUBERNETES_SERVICE_HOST/,
  );
  await assert.rejects(
    loadInCluster({ host: "h", port: "443", clock, folder: join(folder, "none") }),
    /token .*does not exist/,
  );
});

scenario("a named context goes before the current one, and one that is not there is told", async (folder) => {
  const other = { name: "there", context: { cluster: "c", user: "v", namespace: "shop" } };
  const written = config({ token: "t" });
  const path = await write(folder, "config", {
    ...written,
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }, other],
    users: [{ name: "u", user: { token: "t" } }, { name: "v", user: { token: "s" } }],
  });
  const loadAs = (context: string) => loadKubeconfig({ paths: [path], clock: new ManualClock(), context });
  const connection = await loadAs("there");
  assert.deepEqual([connection.namespace, await connection.token?.()], ["shop", "s"]);
  await assert.rejects(() => loadAs("nowhere"), /"nowhere" is not among its contexts/);
});
