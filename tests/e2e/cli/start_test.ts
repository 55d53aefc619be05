/** Whatever keeps the operator from starting is told in one line, with an exit code that says whose turn it is. */
import assert from "node:assert/strict";
import { kubeconfigOf } from "../../ground/connection.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { createAuthority } from "../../ground/pki.ts";
import { access, OWN_PORTS, type ProgramOptions, runProgram, temporaryFile } from "../../support/program.ts";

/** The program ends with this code and says exactly one line, which matches. */
async function endsWith(code: number, line: RegExp, options: ProgramOptions): Promise<void> {
  const ended = await runProgram(options);
  assert.match(ended.said, line);
  assert.match(ended.said, /^matriarch: [^\n]+\n$/, "exactly one line");
  assert.equal(ended.code, code);
}

const run = ["run", ...OWN_PORTS];

/** A kubeconfig with what it says there and nothing else, and the permission to read it. */
async function kubeconfig(content: string): Promise<AsyncDisposable & { options: ProgramOptions }> {
  const file = await temporaryFile(content);
  return {
    options: { args: run, env: { KUBECONFIG: file.path }, permissions: [`--allow-read=${file.path}`] },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

Deno.test("a kubeconfig that is not there", async () => {
  const path = `${sharedCluster().kubeconfigPath}.none`;
  const options = { args: [...run, `--kubeconfig=${path}`], permissions: [`--allow-read=${path}`] };
  await endsWith(1, /Cannot find a kubeconfig \(looked at: .*\.none\)/, options);
});

Deno.test("a kubeconfig that the program may not read names the permission", async () => {
  await using file = await temporaryFile("{}");
  const options = { args: [...run, `--kubeconfig=${file.path}`] };
  await endsWith(1, new RegExp(`lacks the permission; start it with --allow-read=${file.path}`), options);
});

Deno.test("a kubeconfig that holds something else", async () => {
  await using broken = await kubeconfig("a: [1");
  await endsWith(1, /it is no YAML/, broken.options);
});

Deno.test("an API server that is not running", async () => {
  const { connection } = sharedCluster();
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  await using file = await access({ ...connection, server: `https://127.0.0.1:${port}` });
  await endsWith(1, /Cannot reach the API server at https:\/\/127\.0\.0\.1:\d+: .*refused.*is it running/, {
    args: run,
    ...file.options,
  });
});

Deno.test("an API server whose certificate another authority issued", async () => {
  const { connection } = sharedCluster();
  const { caPem } = await createAuthority();
  await using file = await access({ ...connection, caPem });
  await endsWith(1, /Cannot trust the API server at .*certificate-authority must be the one/, {
    args: run,
    ...file.options,
  });
});

Deno.test("a token that the API server does not know", async () => {
  const { server, caPem } = sharedCluster().connection;
  const token = "not-known-to-anybody";
  await using file = await kubeconfig(
    kubeconfigOf({ server, token, ...(caPem === undefined ? {} : { caPem }) }),
  );
  await endsWith(1, /Cannot log in to https:.*401 Unauthorized.*log in again/, file.options);
});

Deno.test("a client key that is none", async () => {
  const { connection } = sharedCluster();
  await using file = await access({ server: connection.server, certPem: "no certificate", keyPem: "no key" });
  await endsWith(1, /Cannot use the certificates for https:.*check client certificate, key/, {
    args: run,
    ...file.options,
  });
});

Deno.test("an address that another program listens on", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  await using file = await access(sharedCluster().connection);
  try {
    for (const flag of ["metrics-bind-address", "health-probe-bind-address"]) {
      const { code, said } = await runProgram({ args: [...run, `--${flag}=${address}`], ...file.options });
      assert.equal(code, 1);
      assert.match(
        said,
        new RegExp(
          `^matriarch: Cannot listen on ${address} \\(--${flag}\\) as another program listens there`,
          "m",
        ),
      );
    }
  } finally {
    taken.close();
  }
});

Deno.test("a pod that is not told its namespace and account", async () => {
  await endsWith(1, /Cannot run in a pod as POD_NAMESPACE and POD_SERVICE_ACCOUNT is not set/, {
    args: run,
    env: { KUBERNETES_SERVICE_HOST: "127.0.0.1" },
  });
});

Deno.test("a pod without a mounted service account", async () => {
  await endsWith(1, /Cannot read the ServiceAccount token \/var\/run\/secrets\/.*does not exist/, {
    args: run,
    env: {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: "1",
      POD_NAMESPACE: "n",
      POD_SERVICE_ACCOUNT: "a",
    },
  });
});

Deno.test("a flag that does not exist, and one with a value that cannot be", async () => {
  await endsWith(2, /No flag registered for --leader-elct/, { args: ["run", "--leader-elct"] });
  await endsWith(2, /Cannot use --webhook-port/, { args: ["run", "--webhook-port=x"] });
  await endsWith(2, /no such command/, { args: ["rnu"] });
});
