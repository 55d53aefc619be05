/** What `deno task run` does before Deno is started: a stand-in called `deno` says how it was called. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stringAt } from "../../ground/json.ts";
import { repository } from "../../ground/operator.ts";
import { temporaryFolder } from "../../ground/guard.ts";

/** What the stand-in said, under these variables. */
async function started(env: Readonly<Record<string, string>>): Promise<string> {
  await using folder = await temporaryFolder("task-run-");
  const standIn = join(folder.path, "deno");
  await Deno.writeTextFile(standIn, '#!/bin/sh\nprintf "%s\\n" "tracing=$OTEL_DENO_TRACING" "$@"\n');
  await Deno.chmod(standIn, 0o700);
  const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
  const command = stringAt(config, "tasks", "run", "command") ?? "";
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `${command} --leader-elect=false`],
    env: { PATH: `${folder.path}:/usr/bin:/bin`, HOME: "/nowhere", ...env },
    clearEnv: true,
  }).output();
  const text = new TextDecoder();
  assert.equal(text.decode(stderr), "");
  return text.decode(stdout);
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

Deno.test("`deno task run` exports traces where an endpoint is named, unless told otherwise", async () => {
  assert.match(await started({}), /^tracing=\n/);
  assert.match(await started(endpoint), /^tracing=true\n/);
  assert.match(await started({ ...endpoint, OTEL_DENO_TRACING: "false" }), /^tracing=false\n/);
});

Deno.test("`deno task run` lets the program read the kubeconfigs of KUBECONFIG, and hands its flags on", async () => {
  const said = await started({ KUBECONFIG: "/a/one:/b/two" });
  assert.match(said, /^--allow-read=\/a\/one,\/b\/two,api,/m);
  assert.match(said, /\nmain\.ts\nrun\n--leader-elect=false\n$/);
  assert.match(await started({}), /^--allow-read=\/nowhere\/\.kube,api,/m);
});
