import assert from "node:assert/strict";
import { kubeconfigOf } from "../../ground/connection.ts";
import { ground, sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { Pods } from "../../../kube/kinds.ts";
import { steadyClient } from "../../support/operator.ts";
import { install, name, operate, stageOf } from "../postgres_cluster/stage.ts";
import { repository, runBySh, surroundings } from "./support.ts";

/** The plugin as `deno task plugin` makes it, in a folder of PATH; and kubectl, which finds it there. */
async function installed(): Promise<AsyncDisposable & { readonly run: Run; readonly folder: string }> {
  const folder = await Deno.makeTempDir({ prefix: "matriarch-plugin-" });
  const permissions = ["--allow-read", `--allow-write=${folder}`, "--allow-run=sh"];
  const words = [Deno.execPath(), "run", "-q", ...permissions, `${repository}/tools/plugin.ts`, folder];
  const made = await runBySh(words, { env: {} });
  if (made.code !== 0) throw new Error(`Cannot make the plugin: ${made.stderr}`);
  await Deno.writeTextFile(`${folder}/kubeconfig`, kubeconfigOf(sharedCluster().connection));
  const env = { ...surroundings(folder), KUBECONFIG: `${folder}/kubeconfig` };
  return {
    folder,
    run: (...args) => runBySh([ground().binaries.kubectl ?? "kubectl", ...args], { env, cwd: folder }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

type Run = (...args: readonly string[]) => ReturnType<typeof runBySh>;

Deno.test("kubectl finds the plugin, which is one file, and finds kubectl", (t) =>
  withNamespace(t, async ({ namespace }) => {
    await install();
    await using made = await installed();
    const { run, folder } = made;
    const listed = await run("plugin", "list");
    assert.ok(
      listed.stdout.split("\n").includes(`${folder}/kubectl-matriarch`),
      listed.stdout + listed.stderr,
    );
    assert.match((await run("matriarch", "version")).stdout, /^kubectl-matriarch \d+\.\d+\.\d+\n$/);

    using client = steadyClient(sharedCluster().connection);
    await using operator = operate(namespace);
    const stage = stageOf(client, namespace, operator);
    await stage.apply({ replicas: 1 });
    await stage.untilPhase("Running");
    const status = await run("matriarch", "status", name, "-n", namespace);
    assert.match(status.stdout, new RegExp(`^PostgresCluster ${namespace}/orders  Running`), status.stderr);
    const all = await run("matriarch", "status", "-A");
    assert.match(all.stdout, new RegExp(`^${namespace} +PostgresCluster +orders +Running`, "m"), all.stderr);

    const nobody = await run("matriarch", "psql", name, "-n", namespace, "--", "-c", "select 1");
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /Cannot reach the primary of orders as no pod is known as its primary/);
    const labels = { "spilo-role": "master" };
    await client.patch(Pods, { namespace, name: `${name}-0` }, { metadata: { labels } });
    // The pod runs on a node without a server, which is for kubectl to say.
    const psql = await run("matriarch", "psql", `pgc/${name}`, "-n", namespace, "--", "-c", "select 1");
    assert.notEqual(psql.code, 0);
    assert.match(psql.stderr, /^[Ee]rror/m);
    assert.equal(psql.stderr.includes("kubectl-matriarch:"), false, psql.stderr);
    const logs = await run("matriarch", "logs", "--operator", "--operator-namespace", namespace);
    assert.deepEqual([logs.code, logs.stderr], [0, `No resources found in ${namespace} namespace.\n`]);

    const completed = await run("__complete", "matriarch", "sta");
    assert.match(completed.stdout, /^status$/m, completed.stderr);
    const tried = await run("matriarch", "install", "--dry-run", "--force-conflicts");
    assert.equal(tried.code, 0, tried.stderr);
    assert.match(tried.stdout, /namespace\/multigres-operator serverside-applied \(server dry run\)/);
    assert.match(tried.stdout, /customresourcedefinition\S*\/shards\.multigres\.com serverside-applied/);
  }));

Deno.test("the program that is made may do no more than its set says", async () => {
  await using made = await installed();
  const [, line = ""] = (await Deno.readTextFile(`${made.folder}/kubectl-matriarch`)).split("\n", 2);
  for (
    const flag of [
      "--no-remote",
      "--no-npm",
      "--no-prompt",
      "--allow-write=.",
      "--allow-import=nothing.invalid",
    ]
  ) {
    assert.ok(line.includes(` ${flag} `), flag);
  }
  assert.match(line, / --allow-run=kubectl,\S+ /);
  assert.equal(/--allow-(all|ffi|sys)|--allow-(run|write|env)[ "]/.test(line), false, line);
});
