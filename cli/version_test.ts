import assert from "node:assert/strict";
import { VERSION } from "./version.ts";

Deno.test("the program and its project file name the same version", async () => {
  const project: unknown = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  assert.ok(typeof project === "object" && project !== null && "version" in project);
  assert.equal(VERSION, project.version);
});
