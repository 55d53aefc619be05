import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../ground/guard.ts";
import { delay, waitFor } from "../ground/wait_for.ts";

// A compiler that notes each call and takes a second stands in for Go: what is proved here is that runs agree on who
// builds, and that takes a compiler whose calls can be counted. The real one has built the ground this test stands on.
const compiler = `#!/bin/sh
if [ "$1" = version ]; then echo "go version go$VERSION linux/amd64"; exit 0; fi
echo call >>"$HOME/calls"
while [ "$1" != -o ]; do shift; done
echo half >"$2"
sleep "$SECONDS_TO_BUILD"
echo whole >"$2"
`;

interface Machine {
  /** Runs a program that needs etcd, and gives what it printed. */
  build(settings?: Settings): Promise<string>;
  /** The same, killed by SIGKILL after half a second. */
  buildAndDie(): Promise<void>;
  calls(): Promise<number>;
}

interface Settings {
  readonly version?: string;
  readonly path?: string;
  readonly assets?: string;
}

/** A machine with this Go and an empty cache. */
async function onMachine(work: (machine: Machine, home: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder("matriarch-build-test-");
  const home = folder.path;
  await Deno.mkdir(join(home, "bin"));
  await Deno.mkdir(join(home, "bare"));
  await Deno.writeTextFile(join(home, "bin", "go"), compiler, { mode: 0o755 });
  const links = 'for tool in sh rm sleep node; do ln -s "$(command -v $tool)" "$1/$tool" || true; done';
  await new Deno.Command("sh", { args: ["-c", links, "links", join(home, "bare")], stderr: "null" }).output();
  const command = (settings: Settings, seconds: number) => {
    const path = settings.path ?? `${join(home, "bin")}:${join(home, "bare")}`;
    const environment = [
      `HOME=${home}`,
      `PATH=${path}`,
      `VERSION=${settings.version ?? "1.26.8"}`,
      `SECONDS_TO_BUILD=${seconds}`,
      `KUBEBUILDER_ASSETS=${settings.assets ?? ""}`,
      "NO_COLOR=1",
    ];
    const script =
      'deno=$1; shift; while [ "$1" != -- ]; do export "$1"; shift; done; shift; unset XDG_CACHE_HOME; exec "$deno" "$@"';
    const args = [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run=sh",
      child,
    ];
    return new Deno.Command("sh", {
      args: ["-c", script, "build", Deno.execPath(), ...environment, "--", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    });
  };
  const calls = async () => {
    const text = await Deno.readTextFile(join(home, "calls")).catch(() => "");
    return text.split("\n").length - 1;
  };
  await work({
    async build(settings = {}) {
      return new TextDecoder().decode((await command(settings, 1).output()).stdout).trim();
    },
    async buildAndDie() {
      const process = command({}, 30).spawn();
      await waitFor("the compiler to be called", async () => await calls() > 0);
      await delay(100);
      process.kill("SIGKILL");
      await process.output();
    },
    calls,
  }, home);
}

const child = fileURLToPath(new URL("./build_child.ts", import.meta.url));

Deno.test("two runs at once build once, and both find the whole program", async () => {
  await onMachine(async (machine) => {
    const [one, two] = await Promise.all([machine.build(), machine.build()]);
    assert.equal(one, "whole");
    assert.equal(two, "whole");
    assert.equal(await machine.calls(), 1);
    assert.equal(await machine.build(), "whole");
    assert.equal(await machine.calls(), 1);
  });
});

Deno.test("a run that was killed while building neither blocks the next nor leaves it half a program", async () => {
  await onMachine(async (machine) => {
    await machine.buildAndDie();
    assert.equal(await machine.build(), "whole");
    assert.equal(await machine.calls(), 2);
  });
});

Deno.test("another version of Go builds anew", async () => {
  await onMachine(async (machine) => {
    await machine.build({ version: "1.26.8" });
    await machine.build({ version: "1.27.1" });
    assert.equal(await machine.calls(), 2);
  });
});

Deno.test("without Go, or with one too old, one line says what is needed", async () => {
  await onMachine(async (machine, home) => {
    const missing = await machine.build({ path: join(home, "bare") });
    assert.match(
      missing,
      /^Cannot find Go: Go 1\.26 or newer is needed to build etcd; install it, or point .*\.$/,
    );
    const old = await machine.build({ version: "1.25.9" });
    assert.match(old, /^Cannot use go version go1\.25\.9 linux\/amd64: Go 1\.26 or newer is needed .*\.$/);
  });
});

Deno.test("programs in KUBEBUILDER_ASSETS are used, and need no Go", async () => {
  await onMachine(async (machine, home) => {
    const assets = join(home, "assets");
    await Deno.mkdir(assets);
    await Deno.writeTextFile(join(assets, "etcd"), "given");
    assert.equal(await machine.build({ path: join(home, "bare"), assets }), "given");
    assert.equal(await machine.calls(), 0);
  });
});
