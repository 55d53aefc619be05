import assert from "node:assert/strict";
import { ExecError, openPodExec, type PodExec } from "../../kube/exec.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { startExecNode } from "../support/exec_node.ts";
import { steadyClient } from "../support/operator.ts";

const inPod = { namespace: "shop", pod: "orders-0", container: "postgres", timeoutMs: 20_000 } as const;

async function failureOf(run: ReturnType<PodExec["run"]>): Promise<string> {
  try {
    return JSON.stringify(await run);
  } catch (error) {
    return error instanceof ExecError ? `${error.failure}: ${error.message}` : String(error);
  }
}

ownedTest("a command runs in a container, within its bounds, and whoever may not is told so", async () => {
  await using plane = await privateControlPlane("api");
  using client = steadyClient(plane.connection);
  await using node = await startExecNode(plane, client, inPod.pod);
  const connectionOf = (connection: typeof plane.connection) => {
    const { token: _none, ...rest } = connection;
    return { ...rest, namespace: "default" };
  };
  const exec = openPodExec(connectionOf(plane.connection));

  const told = await exec.run({ ...inPod, command: ["sh", "-c", "echo à lire; echo beside >&2"] });
  assert.deepEqual(told, { exitCode: 0, stdout: "à lire\n", stderr: "beside\n" });

  const quoted = await exec.run({ ...inPod, command: ["printf", "%s|", "a b", "$HOME", "&c=d"] });
  assert.equal(quoted.stdout, "a b|$HOME|&c=d|", "no shell reads the arguments");

  const big = await exec.run({ ...inPod, command: ["head", "-c", "300000", "/dev/zero"] });
  assert.equal(big.stdout.length, 300_000);

  const flood = exec.run({ ...inPod, command: ["cat", "/dev/zero"], maxBytes: 10_000 });
  assert.match(await failureOf(flood), /^flooded: .*more than 10000 bytes/);

  const started = performance.now();
  const slow = exec.run({ ...inPod, command: ["sleep", "30"], timeoutMs: 1_500 });
  assert.match(await failureOf(slow), /^timeout: .*not done within 1500 ms/);
  assert.ok(performance.now() - started < 10_000);

  const stop = new AbortController();
  const given = exec.run({ ...inPod, command: ["sleep", "30"], signal: stop.signal });
  setTimeout(() => stop.abort(), 300);
  assert.match(await failureOf(given), /^aborted: .*given up by the caller/);

  assert.match(await failureOf(exec.run({ ...inPod, command: ["no-such-program"] })), /^refused: /);
  assert.match(
    await failureOf(exec.run({ ...inPod, pod: "nobody", command: ["true"] })),
    /^refused: Cannot run true in container postgres of pod shop\/nobody: pods "nobody" not found/,
  );
  const stranger = openPodExec(connectionOf(await plane.connectionAs({ user: "stranger" })));
  assert.match(await failureOf(stranger.run({ ...inPod, command: ["true"] })), /^refused: .*forbidden/);

  await node.stop();
  assert.match(await failureOf(exec.run({ ...inPod, command: ["true"] })), /^(broken|refused): /);
  await plane.stopApiServer();
  assert.match(await failureOf(exec.run({ ...inPod, command: ["true"] })), /^broken: /);
});
