/** The admission webhook of the real program, under the permissions that it has as an operator. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnGuarded } from "../../ground/guard.ts";
import { at, stringAt } from "../../ground/json.ts";
import { ownedTest, sharedCluster } from "../../ground/ground.ts";
import { createAuthority } from "../../ground/pki.ts";
import { repository } from "../../ground/operator.ts";
import { freePort } from "../../ground/ports.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { access, OWN_PORTS, type Program, startProgram } from "../../support/program.ts";
import { type PkiStage, withPki } from "../../support/webhook_pki.ts";
import { hookConfigurations } from "../../../webhook/pki/bundles.ts";
import { servingNames } from "../../../webhook/pki/place.ts";

/** The code of the threads: Deno wants it to be readable, where it takes that of the program itself without asking. */
const code = ["api", "certs", "kube", "postgres", "resolve", "telemetry", "webhook"].map((room) =>
  join(repository, room)
);

interface Given {
  readonly flags?: readonly string[];
  /** A folder that the program may read. */
  readonly readable?: string;
  /** A bundle of the program, to run instead of its sources; nothing else of it may be read then. */
  readonly bundle?: string;
}

async function withProgram(
  { namespace, port }: PkiStage,
  { flags = [], readable, bundle }: Given,
  body: (program: Program, readyz: () => Promise<string>) => Promise<void>,
): Promise<void> {
  await using file = await access(sharedCluster().connection, namespace);
  const own = bundle === undefined ? code : [bundle];
  const options = {
    ...file.options,
    permissions: [`--allow-read=${[file.path, readable, ...own].filter(Boolean).join(",")}`],
    ...(bundle === undefined ? {} : { script: join(bundle, "main.js") }),
  };
  const args = ["run", ...OWN_PORTS, "--webhook-enable", `--webhook-port=${port}`, ...flags];
  await using program = await startProgram({ args, ...options });
  const [, address] = await program.line(/"message":"Serving probes","address":"([^"]+)"/);
  await body(program, async () => await (await fetch(`http://${address}/readyz`)).text());
}

async function untilReady(readyz: () => Promise<string>): Promise<void> {
  await waitUntil("the program to be ready", readyz, (text) => text === "ok\n", { timeoutMs: 90_000 });
}

/** Asks for a cluster; what comes back has its defaults when the webhook was called. */
async function defaulted({ namespace, ground }: PkiStage): Promise<unknown> {
  const answer = await ground.send(
    "POST",
    `/apis/multigres.com/v1alpha1/namespaces/${namespace}/multigresclusters?dryRun=All`,
    {
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      metadata: { name: "shop" },
      spec: {
        postgresPasswordSecretRef: { name: "pw", key: "password" },
        cells: [{ name: "a", zoneId: "use1-aza" }],
      },
    },
  );
  return at(answer.body, "spec", "durabilityPolicy");
}

ownedTest(
  "the program serves its webhook, and says that it is ready once the API server reaches it",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      await withProgram(stage, {}, async (program, readyz) => {
        assert.match(await readyz(), /^\[-\] (caches|webhook): /m);
        await untilReady(readyz);
        assert.equal(await defaulted(stage), "AT_LEAST_2");
        const { main, workers } = await nicenessOf(program);
        assert.ok(workers.length > 0 && workers.every((niceness) => niceness < main), `${main}, ${workers}`);
        program.signal("SIGTERM");
        assert.equal(await program.code, 0);
        assert.ok(!(await program.said()).includes("PRIVATE KEY"));
      });
    }),
);

/** How far the main thread and those of workers stand back for others, as the kernel tells (`man proc_pid_stat`). */
async function nicenessOf({ pid }: Program): Promise<{ main: number; workers: number[] }> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `cat /proc/${pid}/task/*/stat`] }).output();
  const threads = new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const [, id, name = "", rest = ""] = line.match(/^(\d+) \((.*)\) (.*)$/) ?? [];
    return { id: Number(id), name, niceness: Number(rest.split(" ")[16]) };
  });
  return {
    main: threads.find(({ id }) => id === pid)?.niceness ?? NaN,
    workers: threads.filter(({ name }) => name.startsWith("worker-")).map(({ niceness }) => niceness),
  };
}

/** Makes the bundle as the task of `deno.json` does, but in another folder. */
async function makeBundle(folder: string): Promise<void> {
  const settings: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
  const words = (stringAt(settings, "tasks", "bundle", "command") ?? "").split(" ");
  const [program, ...args] = words.map((word) => word === "dist" ? folder : word);
  assert.ok(program === "deno" && args.includes(folder), words.join(" "));
  const log = join(folder, "bundle.log");
  const { ended } = spawnGuarded({ program: Deno.execPath(), args, cwd: repository, log });
  assert.ok((await ended).success, await Deno.readTextFile(log));
}

ownedTest(
  "the bundle carries the webhook and its certificates' keeper: the API server's reviews are answered by it",
  (t) =>
    withPki(t, async (stage) => {
      const bundle = await Deno.makeTempDir({ prefix: "matriarch-bundle-" });
      try {
        await makeBundle(bundle);
        await stage.install();
        await withProgram(stage, { bundle }, async (program, readyz) => {
          await untilReady(readyz);
          assert.equal(await defaulted(stage), "AT_LEAST_2");
          assert.deepEqual(await strategies(stage), ["self-signed", "self-signed"]);
          program.signal("SIGTERM");
          assert.equal(await program.code, 0);
        });
      } finally {
        await Deno.remove(bundle, { recursive: true });
      }
    }),
);

/** A folder as a mounted Secret is one. */
async function certificateFolder(pair?: { certPem: string; keyPem: string }) {
  const folder = await Deno.makeTempDir({ prefix: "matriarch-certificate-" });
  const write = async (next: { certPem: string; keyPem: string }) => {
    await Deno.writeTextFile(join(folder, "tls.crt"), next.certPem);
    await Deno.writeTextFile(join(folder, "tls.key"), next.keyPem);
  };
  if (pair !== undefined) await write(pair);
  const clear = async () => {
    for (const name of ["tls.crt", "tls.key"]) await Deno.remove(join(folder, name));
  };
  return { folder, write, clear, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

async function vouch(stage: PkiStage, caPem: string): Promise<void> {
  for (const { resource, name } of hookConfigurations) {
    const { webhooks = [] } = await stage.client.get(resource, { name });
    const changed = webhooks.map((hook) => ({
      ...hook,
      clientConfig: { ...hook.clientConfig, caBundle: btoa(caPem) },
    }));
    await stage.client.patch(resource, { name }, { webhooks: changed });
  }
}

ownedTest(
  "a certificate from outside is served, read again when it changes, and refused when it does not fit",
  (t) =>
    withPki(t, async (stage) => {
      const authority = await createAuthority();
      const issue = () => authority.issueServer(servingNames(stage.place), []);
      await using files = await certificateFolder(await issue());
      await stage.install();
      const given = {
        flags: [`--webhook-cert-dir=${files.folder}`],
        readable: files.folder,
      };
      await withProgram(stage, given, async (program, readyz) => {
        await program.line(/"message":"Shows a certificate to API servers".*"provider":"others"/);
        await program.line(/"message":"Serving admission webhooks"/);
        await waitUntil("what is missing to be said", readyz, (text) => /webhook: .*x509/.test(text), {
          timeoutMs: 60_000,
        });
        await vouch(stage, authority.caPem);
        await untilReady(readyz);
        assert.equal(await defaulted(stage), "AT_LEAST_2");
        const { certPem } = await issue();
        await files.write({ certPem, keyPem: (await issue()).keyPem });
        await program.line(/Cannot use the certificate in the folder.*does not belong/);
        await files.write(await issue());
        await waitUntil(
          "the new certificate to be shown",
          async () => (await program.said()).match(/Shows a certificate/g)?.length,
          (count) => count === 2,
          { timeoutMs: 60_000 },
        );
        assert.equal(await defaulted(stage), "AT_LEAST_2");
        assert.equal(
          await stage.secret("multigres-webhook-certs"),
          undefined,
          "no certificate of its own is made",
        );
      });
    }),
);

/** Tells cert-manager to fill in caBundle, or not any more. */
async function askCertManager(stage: PkiStage, value: string | null): Promise<void> {
  for (const { resource, name } of hookConfigurations) {
    const annotations = { "cert-manager.io/inject-ca-from": value };
    await stage.client.patch(resource, { name }, { metadata: { annotations } });
  }
}

/** Whether the configurations say that the operator fills in caBundle. */
async function strategies(stage: PkiStage): Promise<(string | undefined)[]> {
  const both = [await stage.configuration(0), await stage.configuration(1)];
  return both.map((each) => each?.metadata.annotations?.["multigres.com/cert-strategy"]);
}

ownedTest(
  "cert-manager takes the certificate over from the operator, and the operator from cert-manager",
  (t) =>
    withPki(t, async (stage) => {
      const authority = await createAuthority();
      const outside = await authority.issueServer(servingNames(stage.place), []);
      await using files = await certificateFolder();
      await stage.install();
      const given = { flags: [`--webhook-cert-dir=${files.folder}`], readable: files.folder };
      await withProgram(stage, given, async (program, readyz) => {
        const shows = (provider: string, count: number) =>
          waitUntil(
            `a certificate of ${provider}`,
            async () => (await program.said()).match(/Shows a certificate[^\n]*"provider":"\w+"/g) ?? [],
            (lines) => lines.length === count && lines.at(-1)?.includes(`"provider":"${provider}"`) === true,
            { timeoutMs: 60_000 },
          );
        await untilReady(readyz);
        await shows("operator", 1);
        assert.deepEqual(await strategies(stage), ["self-signed", "self-signed"]);
        await files.write(outside);
        await askCertManager(stage, `${stage.namespace}/serving-cert`);
        await vouch(stage, authority.caPem);
        await shows("others", 2);
        await waitUntil("the operator to let go", () =>
          strategies(stage), (found) =>
          found.every((each) => !each), {
          timeoutMs: 30_000,
        });
        const [trusted] = (await stage.configuration(0))?.webhooks ?? [];
        assert.equal(atob(trusted?.clientConfig.caBundle ?? ""), authority.caPem, "it took nothing along");
        assert.equal(await defaulted(stage), "AT_LEAST_2");

        await askCertManager(stage, null);
        await files.clear();
        await shows("operator", 3);
        await waitUntil("the operator to take over", () =>
          strategies(stage), (found) =>
          found.every((each) =>
            each === "self-signed"
          ), { timeoutMs: 30_000 });
        await untilReady(readyz);
        await waitUntil("calls to succeed", () =>
          defaulted(stage), (value) =>
          value === "AT_LEAST_2");
      });
    }),
);

Deno.test("a folder for certificates that may not be read is said at the start", async () => {
  await using file = await access(sharedCluster().connection);
  const args = [
    "run",
    ...OWN_PORTS,
    "--webhook-enable",
    `--webhook-port=${freePort()}`,
    "--webhook-cert-dir=certs",
  ];
  await using program = await startProgram({ args, ...file.options });
  assert.equal(await program.code, 1);
  assert.match(
    await program.said(),
    /^matriarch: Cannot look for the webhook's certificate in certs .*--allow-read=certs/m,
  );
});
