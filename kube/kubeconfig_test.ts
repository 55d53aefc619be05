import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connectionOf, loadKubeconfig } from "./kubeconfig.ts";
import { kubeconfigPlaces, type SelectedContext } from "./kubeconfig_file.ts";
import { ManualClock } from "./manual_clock.ts";

const folder = fileURLToPath(new URL("../tests/fixtures/kubeconfig", import.meta.url));

/** Loads fixtures as if `KUBECONFIG` listed them. */
function load(...names: string[]) {
  const kubeconfig = names.map((name) => `${folder}/${name}`).join(":");
  return loadKubeconfig(kubeconfigPlaces(undefined, { kubeconfig, home: undefined }), new ManualClock());
}

/** A context whose cluster and user have these fields besides a valid server. */
function context(cluster: Record<string, unknown>, user: Record<string, unknown> = {}): SelectedContext {
  return {
    name: "c",
    cluster: {
      value: { server: "https://192.0.2.1", ...cluster },
      field: "clusters[name=c].cluster",
      file: "kc",
    },
    user: { value: user, field: "users[name=u].user", file: "kc" },
    namespace: "default",
  };
}

Deno.test("certificates in files are found relative to their kubeconfig", async () => {
  const connection = await load("files.yaml");
  assert.equal(connection.server, "https://192.0.2.1:6443");
  assert.equal(connection.namespace, "postgres");
  assert.match(connection.caPem ?? "", /^-----BEGIN CERTIFICATE-----\nbm90IGEgcmVhbCBhdXRob3JpdHk=/);
  assert.match(connection.certPem ?? "", /bm90IGEgcmVhbCBjbGllbnQ=/);
  assert.match(connection.keyPem ?? "", /EC PRIVATE KEY/);
  assert.equal(connection.token, undefined);
});

Deno.test("certificates inline are decoded, and the namespace is default when the context names none", async () => {
  const connection = await load("inline.yaml");
  assert.equal(connection.server, "https://[2001:db8::1]:6443");
  assert.equal(connection.namespace, "default");
  assert.match(connection.keyPem ?? "", /^-----BEGIN EC PRIVATE KEY-----\n/);
});

Deno.test("of several files the first to name something wins, and missing ones are passed over", async () => {
  const connection = await load("missing.yaml", "context_only.yaml", "files.yaml");
  assert.equal(connection.server, "https://192.0.2.1:6443");
  assert.equal(await connection.token?.(), "wins-over-later-files");
});

Deno.test("a token in a file is read from it", async () => {
  const connection = await load("token_file.yaml");
  assert.equal(await connection.token?.(), "token-from-a-file");
});

Deno.test("a credential plug-in that may not be run tells which permission is missing", async () => {
  await assert.rejects(load("exec.yaml"), {
    name: "ConnectionError",
    message: /Cannot run the credential plug-in sh .*--allow-run=sh/,
  });
});

Deno.test("one missing file is an error that names it and where its name came from", async () => {
  await assert.rejects(load("missing.yaml"), {
    name: "ConnectionError",
    message: new RegExp(
      `^Cannot read the kubeconfig \\(from KUBECONFIG\\) at ${folder}/missing.yaml: there is no such file$`,
    ),
  });
  await assert.rejects(
    load("missing.yaml", "other.yaml"),
    /none of the files in KUBECONFIG exists: .*missing.yaml, .*other.yaml/,
  );
});

Deno.test("a file outside of what may be read names the flag that would allow it", async () => {
  await assert.rejects(
    loadKubeconfig(
      kubeconfigPlaces("/etc/kubeconfig", { kubeconfig: undefined, home: undefined }),
      new ManualClock(),
    ),
    /Cannot read the kubeconfig \(from --kubeconfig\) at \/etc\/kubeconfig: .*--allow-read=\/etc\/kubeconfig/,
  );
});

Deno.test("a broken file is refused without quoting what stands in it", async () => {
  await assert.rejects(load("broken.yaml"), (error: Error) => {
    assert.match(error.message, /broken\.yaml: it is not valid YAML, line \d+$/);
    assert.ok(!error.message.includes("s3cr3t"));
    return true;
  });
});

Deno.test("the flag comes before KUBECONFIG, and that before the home folder", () => {
  const env = { kubeconfig: "/a:/b", home: "/h" };
  assert.deepEqual(kubeconfigPlaces("/f", env).paths, ["/f"]);
  assert.deepEqual(kubeconfigPlaces(undefined, env).paths, ["/a", "/b"]);
  assert.deepEqual(kubeconfigPlaces("", { ...env, kubeconfig: "" }).paths, ["/h/.kube/config"]);
  assert.throws(
    () => kubeconfigPlaces(undefined, { kubeconfig: undefined, home: undefined }),
    /neither .* nor HOME/,
  );
});

Deno.test("what cannot be done as asked is refused with its field and a remedy", async () => {
  const cases: [SelectedContext, RegExp][] = [
    [
      context({ "insecure-skip-tls-verify": true }),
      /cluster\.insecure-skip-tls-verify is not supported; put/,
    ],
    [context({ "proxy-url": "socks5://p" }), /cluster\.proxy-url is not supported/],
    [context({ "tls-server-name": "n" }), /cluster\.tls-server-name is not supported/],
    [context({ server: "" }), /cluster\.server is missing/],
    [context({ server: "192.0.2.1" }), /server must be an http or https URL: current value is 192\.0\.2\.1/],
    [
      context({ "certificate-authority-data": "Z2FyYmFnZQ==" }),
      /authority-data holds no PEM block of a certificate/,
    ],
    [context({ "certificate-authority-data": "%%%" }), /authority-data holds no PEM block/],
    [context({}, { as: "root" }), /user\.as is not supported; use a user/],
    [context({}, { username: "u", password: "p" }), /user\.username is not supported/],
    [context({}, { "auth-provider": { name: "gcp" } }), /auth-provider is gcp, only oidc is known/],
    [
      context({}, { exec: { command: "x", apiVersion: "v1" } }),
      /exec\.apiVersion must be .*: current value is v1/,
    ],
    [context({}, { exec: { apiVersion: "client.authentication.k8s.io/v1" } }), /exec\.command is missing/],
    [
      context({}, { "client-certificate-data": btoa("-----BEGIN CERTIFICATE-----") }),
      /one half of a client certificate, client-key is missing/,
    ],
  ];
  for (const [selected, message] of cases) {
    await assert.rejects(connectionOf(selected, new ManualClock()), { name: "ConnectionError", message });
  }
});

Deno.test("flags that are present but off change nothing", async () => {
  const off = context({ "insecure-skip-tls-verify": false, "proxy-url": "" }, { token: "t", as: null });
  assert.equal(await (await connectionOf(off, new ManualClock())).token?.(), "t");
});
