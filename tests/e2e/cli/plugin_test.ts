/** Users of a kubeconfig whose credentials come from elsewhere: a plug-in, or an identity provider. */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { sharedCluster } from "../../ground/ground.ts";
import {
  OWN_PORTS,
  type ProgramOptions,
  runProgram,
  startProgram,
  temporaryFile,
} from "../../support/program.ts";

/** A kubeconfig for the shared cluster with this user, and the permission to read it. */
async function kubeconfigWith(user: object): Promise<AsyncDisposable & { readonly options: ProgramOptions }> {
  const { server, caPem } = sharedCluster().connection;
  const file = await temporaryFile(stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": btoa(caPem ?? "") } }],
    users: [{ name: "u", user }],
  }));
  return {
    options: {
      args: ["run", ...OWN_PORTS],
      env: { KUBECONFIG: file.path },
      permissions: [`--allow-read=${file.path}`],
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/** A plug-in that prints the client certificate of the cluster's administrator. */
function plugin(): object {
  const { certPem, keyPem } = sharedCluster().connection;
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { clientCertificateData: certPem, clientKeyData: keyPem },
  };
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", `cat <<'END'\n${JSON.stringify(credential)}\nEND`],
      interactiveMode: "Never",
    },
  };
}

Deno.test("a plug-in that may be run logs the operator in", async () => {
  await using config = await kubeconfigWith(plugin());
  const { permissions = [], ...options } = config.options;
  await using program = await startProgram({ ...options, permissions: [...permissions, "--allow-run=sh"] });
  const [, user] = await program.line(/"message":"Started".*"user":"([^"]+)"/);
  assert.ok(user !== undefined && user !== "");
});

Deno.test("a plug-in that may not be run names the permission", async () => {
  await using config = await kubeconfigWith(plugin());
  const { code, said } = await runProgram(config.options);
  assert.match(
    said,
    /^matriarch: Cannot get credentials from the kubeconfig's plug-in: [^\n]*--allow-run[^\n]*\n$/,
  );
  assert.equal(code, 1);
});

const base64url = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");

/** A token of an identity provider that nobody knows, valid until then (seconds since 1970). */
function oidc(expires: number): object {
  const token = [{ alg: "none" }, { exp: expires }].map(base64url).join(".") + ".c2lnbmF0dXJl";
  const config = { "client-id": "matriarch", "id-token": token };
  return { "auth-provider": { name: "oidc", config } };
}

Deno.test("a token of an identity provider is shown to the API server, which does not know this one", async () => {
  await using config = await kubeconfigWith(oidc(4_000_000_000));
  const { code, said } = await runProgram(config.options);
  assert.match(said, /^matriarch: Cannot log in to https:.*401 Unauthorized[^\n]*\n$/);
  assert.equal(code, 1);
});
