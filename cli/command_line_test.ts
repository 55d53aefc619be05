import assert from "node:assert/strict";
import { commandLine, type Commands, COMPLETE } from "./app.ts";
import type { GcOptions } from "./gc_flags.ts";
import { IMAGE_NAMES, replacements, type RunOptions } from "./options.ts";

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What `run` was asked to do; undefined when it was not called. */
  readonly options: RunOptions | undefined;
  /** What `gc` was asked to do. */
  readonly gc?: GcOptions;
}

/** Gives a command line to the program, with a `run` that only remembers what it was asked for. */
async function given(
  args: readonly string[],
  env: Readonly<Record<string, string>> = { HOME: "/h" },
): Promise<Answer> {
  const answer: { out: string; err: string; gc?: GcOptions } = { out: "", err: "" };
  let options: RunOptions | undefined;
  const commands: Commands = {
    run: (asked) => {
      options = asked;
      return Promise.resolve(0);
    },
    gc: (asked) => {
      answer.gc = asked;
      return Promise.resolve(0);
    },
    crds: () => Promise.resolve("kind: CustomResourceDefinition\n"),
    completion: () => Promise.resolve("complete\n"),
  };
  const code = await commandLine(args, commands, {
    stdout: { write: (text) => void (answer.out += text) },
    stderr: { write: (text) => void (answer.err += text) },
    env: (name) => env[name],
  });
  return { code, ...answer, options };
}

async function run(...args: string[]): Promise<RunOptions> {
  const { options, err, code } = await given(["run", ...args]);
  assert.ok(options !== undefined, err);
  assert.equal(code, 0);
  return options;
}

/** A refused command line: code 2, nothing run, one line on stderr that matches. */
async function refused(
  args: readonly string[],
  message: RegExp,
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await given(args, env);
  assert.match(answer.err, message);
  assert.match(answer.err, /^matriarch: [^\n]+\n$/, "exactly one line");
  assert.deepEqual([answer.code, answer.options, answer.out], [2, undefined, ""]);
}

Deno.test("without flags everything has the default that existing installations count on", async () => {
  const { log, ...options } = await run();
  assert.deepEqual(options, {
    credentials: { kind: "kubeconfig", paths: ["/h/.kube/config"] },
    metrics: { address: { port: 8443 }, secure: true, http2: false },
    health: { port: 8081 },
    leaderElect: false,
    leaseNamespace: undefined,
    namespaces: undefined,
    imageUpdateStrategy: "immediate",
    evidenceSeconds: 4,
    images: {},
    telemetry: {},
    podNamespace: undefined,
    podName: undefined,
    webhook: {
      enabled: false,
      port: 9443,
      certDir: "/var/run/secrets/webhook",
      serviceName: "multigres-operator-webhook-service",
      serviceNamespace: undefined,
      serviceAccount: undefined,
    },
  });
  assert.deepEqual([log.level, log.format, log.stacksFrom], ["debug", "console", "warn"]);
});

Deno.test("all of Go's ways to write a flag mean the same", async () => {
  for (
    const args of [
      ["--leader-elect", "--metrics-bind-address", ":9000"],
      ["-leader-elect", "-metrics-bind-address", ":9000"],
      ["--leader-elect=true", "--metrics-bind-address=:9000"],
      ["-leader-elect=1", "-metrics-bind-address=:9000"],
      ["-leader-elect=T", "--metrics-bind-address=:1", "--metrics-bind-address=:9000"],
    ]
  ) {
    const { leaderElect, metrics } = await run(...args);
    assert.deepEqual([leaderElect, metrics?.address], [true, { port: 9000 }], args.join(" "));
  }
});

Deno.test("a boolean that is on by default can be turned off", async () => {
  assert.equal((await run("--metrics-secure=false")).metrics?.secure, false);
  assert.equal((await run("-zap-devel=false")).log.format, "json");
});

Deno.test("an empty value asks for the default, also after another value", async () => {
  const options = await run("--kubeconfig=/x", "--kubeconfig=", "--lease-namespace", "");
  assert.deepEqual(options.credentials, { kind: "kubeconfig", paths: ["/h/.kube/config"] });
  assert.equal(options.leaseNamespace, undefined);
});

Deno.test("flags without a command belong to run", async () => {
  const { options } = await given(["--leader-elect", "--health-probe-bind-address=:8081"]);
  assert.equal(options?.leaderElect, true);
});

Deno.test("addresses name all interfaces, one, or none", async () => {
  const health = async (text: string) => (await run(`--health-probe-bind-address=${text}`)).health;
  assert.deepEqual(await health(":8443"), { port: 8443 });
  assert.deepEqual(await health("127.0.0.1:0"), { hostname: "127.0.0.1", port: 0 });
  assert.deepEqual(await health("[::1]:8081"), { hostname: "::1", port: 8081 });
  assert.deepEqual(await health("localhost:1"), { hostname: "localhost", port: 1 });
  assert.equal(await health("0"), undefined);
  assert.equal((await run("--metrics-bind-address=0")).metrics, undefined);
});

Deno.test("an address that is none is refused with the flag, the value and the remedy", async () => {
  for (const text of ["8443", ":", ":65536", "::1:80", "a b:1", "http://x:1", ":-1", ":http"]) {
    await refused(
      ["run", `--metrics-bind-address=${text}`],
      /Cannot use --metrics-bind-address as an address is host:port, such as :8443.*current value is ".*"/,
    );
  }
});

Deno.test("values outside of what a flag takes are refused", async () => {
  await refused(
    ["run", "--webhook-port=0"],
    /--webhook-port as a port is a number from 1 to 65535: current value is "0"/,
  );
  await refused(
    ["run", "--evidence-seconds=0"],
    /--evidence-seconds as instances are asked every 1 to 300 seconds: current value is "0"/,
  );
  await refused(
    ["run", "--image-update-strategy=never"],
    /--image-update-strategy as its value is one of immediate, lazy: current value is "never"/,
  );
  await refused(["run", "--zap-log-level=loud"], /--zap-log-level as a level is one of debug/);
  await refused(["run", "--zap-encoder=xml"], /--zap-encoder as its value is one of json, console/);
  await refused(["run", "--watch-namespace=Team"], /--watch-namespace as the name of a namespace.*"Team"/);
  await refused(["run", "--leader-elect=maybe"], /leader-elect.*"maybe"/);
});

Deno.test("unknown flags, commands and arguments are refused, and a near miss is named", async () => {
  await refused(
    ["run", "--leader-elct"],
    /No flag registered for --leader-elct, did you mean --leader-elect/,
  );
  await refused(["run", "-x=1"], /x/);
  await refused(["run", "--leader-elect", "false"], /Too many arguments, expected 0 but encountered "false"/);
  await refused(["run", "--kubeconfig"], /Expected input for flag --kubeconfig/);
  await refused(["rnu"], /Cannot run "rnu" as there is no such command; did you mean `run`\?/);
  await refused(["crds", "--leader-elect"], /No flag registered for --leader-elect/);
});

Deno.test("namespaces to watch come from the flag, repeated or as a list, else from the environment", async () => {
  const env = { HOME: "/h", WATCH_NAMESPACE: "c, d,,c" };
  const namespaces = async (...args: string[]) => (await given(["run", ...args], env)).options?.namespaces;
  assert.deepEqual(await namespaces("--watch-namespace=a,b", "--watch-namespace", "a"), ["a", "b"]);
  assert.deepEqual(await namespaces(), ["c", "d"]);
  await refused(["run"], /WATCH_NAMESPACE as the name of a namespace.*"No_Name"/, {
    WATCH_NAMESPACE: "No_Name",
  });
});

Deno.test("in a pod the service account is used, and its two variables must be there", async () => {
  const pod = { HOME: "/h", KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const all = { ...pod, POD_NAMESPACE: "system", POD_SERVICE_ACCOUNT: "operator", POD_NAME: "operator-0" };
  const { options } = await given(["run"], all);
  assert.deepEqual(options?.credentials, { kind: "in-cluster", host: "10.0.0.1", port: "443" });
  assert.deepEqual([options?.leaseNamespace, options?.podName], ["system", "operator-0"]);
  assert.deepEqual(
    [options?.webhook.serviceNamespace, options?.webhook.serviceAccount],
    ["system", "operator"],
  );
  for (const without of ["POD_NAMESPACE", "POD_SERVICE_ACCOUNT"]) {
    const answer = await given(["run"], { ...all, [without]: "" });
    assert.equal(answer.code, 1);
    assert.match(
      answer.err,
      new RegExp(`^matriarch: Cannot run in a pod as ${without} is not set; take it from .*\\n$`),
    );
  }
});

Deno.test("webhooks are served in a pod, where a Service leads to them, and elsewhere only when asked for", async () => {
  const pod = {
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    POD_NAMESPACE: "system",
    POD_SERVICE_ACCOUNT: "operator",
  };
  const enabled = async (args: readonly string[], env: Record<string, string>) =>
    (await given(["run", ...args], env)).options?.webhook.enabled;
  assert.equal(await enabled([], pod), true);
  assert.equal(await enabled(["--webhook-enable=false"], pod), false);
  assert.equal(await enabled([], { HOME: "/h" }), false);
  assert.equal(await enabled(["--webhook-enable"], { HOME: "/h" }), true);
});

Deno.test("a kubeconfig that is named wins over the pod's own account", async () => {
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  const paths = async (args: string[], env: Record<string, string>) =>
    (await given(args, env)).options?.credentials;
  assert.deepEqual(await paths(["run", "--kubeconfig=/f"], { ...pod, KUBECONFIG: "/a" }), {
    kind: "kubeconfig",
    paths: ["/f"],
  });
  assert.deepEqual(await paths(["run"], { ...pod, KUBECONFIG: "/a::/b" }), {
    kind: "kubeconfig",
    paths: ["/a", "/b"],
  });
});

Deno.test("images from the environment replace the built-in ones", async () => {
  const { options } = await given(["run"], {
    MULTIGRES_IMAGE_POSTGRES: "pg:1",
    MULTIGRES_IMAGE_MULTIADMIN_WEB: "web:2",
    MULTIGRES_IMAGE_MULTIORCH: "",
  });
  assert.deepEqual(options?.images, { POSTGRES: "pg:1", MULTIADMIN_WEB: "web:2" });
});

Deno.test("the operator's own telemetry variables are read for the components, blanks left out", async () => {
  const { options } = await given(["run"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317",
    OTEL_TRACES_SAMPLER: "",
    OTEL_SERVICE_NAME: "not for the components",
  });
  assert.deepEqual(options?.telemetry, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317" });
});

Deno.test("images of the environment have the names by which clusters choose images", () => {
  const all = Object.fromEntries(IMAGE_NAMES.map((name) => [name, `${name}:1`]));
  const { multiadminWeb, ...others } = replacements(all);
  assert.equal(multiadminWeb, "MULTIADMIN_WEB:1");
  for (const [name, image] of Object.entries(others)) assert.equal(image, `${name.toUpperCase()}:1`);
  assert.equal(Object.keys(others).length, IMAGE_NAMES.length - 1);
});

Deno.test("claims are collected after 30 days, in all namespaces, unless told", async () => {
  const { gc } = await given(["gc"]);
  assert.deepEqual([gc?.retentionSeconds, gc?.namespace, gc?.dryRun, gc?.log.format], [
    30 * 86_400,
    undefined,
    false,
    "json",
  ]);
  const told = await given(["gc", "-retention", "1h30m", "--namespace=shop", "--dry-run"]);
  assert.deepEqual([told.gc?.retentionSeconds, told.gc?.namespace, told.gc?.dryRun], [5_400, "shop", true]);
  assert.equal((await given(["gc", "--retention=0"])).gc?.retentionSeconds, 0);
});

Deno.test("a time that claims cannot be kept for is refused", async () => {
  await refused(["gc", "--retention=30d"], /--retention as a duration is written like 720h/);
  await refused(["gc", "--retention=-1h"], /less than no time: current value is "-1h"/);
});

Deno.test("the zap flags decide level, form, stacks and time each on its own", async () => {
  const { log } = await run("--zap-log-level=3", "--zap-encoder=json", "--zap-stacktrace-level=panic");
  assert.deepEqual([log.level, log.format, log.stacksFrom], ["debug", "json", "error"]);
  const time = async (encoding: string) =>
    (await run(`--zap-time-encoding=${encoding}`)).log.timestamp(new Date("2026-11-21T04:05:06.789Z"));
  assert.deepEqual(
    await Promise.all(["epoch", "millis", "nano", "rfc3339", "iso8601"].map(time)),
    [1795233906.789, 1795233906789, 1795233906789000000, "2026-11-21T04:05:06Z", "2026-11-21T04:05:06.789Z"],
  );
});

Deno.test("help lists every command, and every flag of run with its default", async () => {
  const { out, code } = await given(["--help"]);
  assert.equal(code, 0);
  for (const command of ["run", "crds", "version", "completion"]) {
    assert.match(out, new RegExp(`^  ${command} `, "m"));
  }
  const help = await given(["run", "--help"]);
  assert.deepEqual([help.code, help.err, help.options], [0, "", undefined]);
  assert.match(help.out, /--metrics-bind-address.*\[default = :8443\]/s);
  assert.equal((await given([])).out, out);
});

Deno.test("version and crds print to stdout", async () => {
  assert.match((await given(["version"])).out, /^matriarch \d+\.\d+\.\d+\n$/);
  assert.equal((await given(["crds"])).out, "kind: CustomResourceDefinition\n");
});

Deno.test("completions are proposed for commands, flags and values", async () => {
  const proposals = async (...words: string[]) => (await given([COMPLETE, ...words])).out.trim().split("\n");
  assert.deepEqual((await proposals("")).sort(), ["completion", "crds", "gc", "run", "version"]);
  assert.deepEqual(await proposals("run", "--leader"), ["--leader-elect"]);
  assert.deepEqual(await proposals("run", "--image-update-strategy", "l"), ["lazy"]);
});
