/** What the operator's set of permissions refuses, tried out by a program that runs in it. */
import assert from "node:assert/strict";
import { runProgram, temporaryFile } from "../../support/program.ts";

/** Each try says `refused`, or what came of it. */
const PROBE = `
const load = (place) => import(["https:/", place, "mod.ts"].join("/"));
const tries = {
  "write a file": () => Deno.makeTempFileSync(),
  "make a folder": () => Deno.makeTempDirSync(),
  "read the users of the machine": () => Deno.readTextFileSync("/etc/passwd"),
  "read the environment of the process": () => Deno.readTextFileSync("/proc/self/environ"),
  "read the sources": () => Deno.readTextFileSync("deno.json"),
  "run a program": () => new Deno.Command("true").outputSync(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "load code from a host that Deno trusts by default": () => load("deno.land/x/none"),
  "load code from any other host": () => load("example.invalid"),
  "ask for the host name": () => Deno.hostname(),
};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    console.log(name + ": done");
  } catch (error) {
    console.log(name + ": " + (error instanceof Deno.errors.NotCapable || /Requires import access/.test(String(error)) ? "refused" : error));
  }
}
console.log("PATH: " + Deno.env.get("PATH"));
console.log("HOME: " + typeof Deno.env.get("HOME"));
`;

Deno.test("the operator may neither write, run, load, nor read what is not its own", async () => {
  await using script = await temporaryFile(PROBE);
  const { said, code } = await runProgram({ args: [], script: script.path, permissions: ["--ext=js"] });
  assert.deepEqual(said.trim().split("\n"), [
    "write a file: refused",
    "make a folder: refused",
    "read the users of the machine: refused",
    "read the environment of the process: refused",
    "read the sources: refused",
    "run a program: refused",
    "load a library: refused",
    "load code from a host that Deno trusts by default: refused",
    "load code from any other host: refused",
    "ask for the host name: refused",
    "PATH: undefined",
    "HOME: string",
  ]);
  assert.equal(code, 0);
});

Deno.test("commands that only print need no permission at all", async () => {
  const version = await runProgram({ args: ["version"], set: "command" });
  assert.match(version.said, /^matriarch \d+\.\d+\.\d+\n$/);
  const crds = await runProgram({ args: ["crds"], set: "command" });
  assert.equal(crds.said.match(/^kind: CustomResourceDefinition$/gm)?.length, 11);
  const completion = await runProgram({ args: ["completion"], set: "command" });
  assert.match(completion.said, /^complete .* matriarch$/m);
});
