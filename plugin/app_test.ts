import assert from "node:assert/strict";
import { systemClock } from "../kube/clock.ts";
import { pluginLine, separated } from "./app.ts";

async function given(args: readonly string[]) {
  const said = { out: "", error: "" };
  const ran: { readonly args: readonly string[]; readonly input: unknown }[] = [];
  const code = await pluginLine(args, {
    stdout: { write: (text) => void (said.out += text), writeBytes: () => {} },
    stderr: { write: (text) => void (said.error += text) },
    env: () => undefined,
    style: { columns: undefined, colours: false },
    stdinIsTerminal: false,
    clock: systemClock,
    kubectl: {
      run: (args, input) => {
        ran.push({ args, input });
        return Promise.resolve(7);
      },
    },
    writeFile: () => Promise.reject(new Error("nothing is written")),
    manifest: () => Promise.resolve("kind: Namespace\n"),
  });
  return { ...said, code, ran };
}

Deno.test("letters with their value, as kubectl takes them, are taken apart, but not behind --", () => {
  assert.deepEqual(separated(["status", "-ojson", "-nshop", "-A", "-o=text", "--", "-nx"]), [
    "status",
    "-o",
    "json",
    "-n",
    "shop",
    "-A",
    "-o",
    "text",
    "--",
    "-nx",
  ]);
});

Deno.test("the manifest is printed, or applied by kubectl, whose exit code is passed on", async () => {
  assert.equal((await given(["install", "--print"])).out, "kind: Namespace\n");
  const { ran, code } = await given(["install", "--context=c", "--force-conflicts"]);
  assert.deepEqual(ran, [{
    args: ["--context=c", "apply", "--server-side", "--force-conflicts", "--filename=-"],
    input: { text: "kind: Namespace\n" },
  }]);
  assert.equal(code, 7);
});

Deno.test("logs of the operator are read by kubectl, and whose are meant must be said", async () => {
  const { ran } = await given(["logs", "--operator", "-f", "--tail=5"]);
  assert.deepEqual(ran[0]?.args.slice(0, 2), ["--namespace=multigres-operator", "logs"]);
  assert.ok(ran[0]?.args.includes("--follow") && ran[0].args.includes("--tail=5"));
  const { code, error } = await given(["logs"]);
  assert.deepEqual([code, /name a cluster, or say --operator/.test(error)], [2, true]);
});

Deno.test("each shell has a script, and another one is refused", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { out, code } = await given(["completion", shell]);
    assert.ok(out.includes("kubectl-matriarch __complete"));
    assert.equal(code, 0);
  }
  const { code, error } = await given(["completion", "csh"]);
  assert.equal(code, 2);
  assert.match(
    error,
    /^kubectl-matriarch: Cannot use shell as it is one of bash, zsh, fish: current value is "csh"\n$/,
  );
});

Deno.test("commands, flags and values are proposed", async () => {
  const proposals = async (...words: string[]) =>
    (await given(["__complete", ...words])).out.trim().split("\n");
  assert.deepEqual(await proposals("re"), ["restart", "report"]);
  assert.deepEqual(await proposals("status", "--all"), ["--all-namespaces"]);
  assert.deepEqual(await proposals("status", "--output", "j"), ["json"]);
  assert.deepEqual(await proposals("completion", "z"), ["zsh"]);
});

Deno.test("durations and counts that cannot be are refused", async () => {
  const refused = [["backup", "x", "--timeout=0"], ["restart", "x", "--timeout=soon"], [
    "logs",
    "x",
    "--tail=-1",
  ]];
  for (const args of refused) {
    const { code, error } = await given(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(error, /^kubectl-matriarch: Cannot use [^\n]+: current value is "[^\n]+"\n$/);
  }
});
