/** Answers of the probes. */
import type { Answer, Handler } from "./server.ts";

/** Undefined when all is well, else what is wrong or still to come, in words. */
export type Check = () => string | undefined;

export interface HealthChecks {
  /** `/healthz`: whether the process should go on living. */
  readonly live: Readonly<Record<string, Check>>;
  /** `/readyz`: whether the process can do its work. */
  readonly ready: Readonly<Record<string, Check>>;
}

/**
 * `/healthz` and `/readyz` answer 200 or 503 and name what failed; `/readyz/NAME` asks one check alone, and `?verbose`
 * lists those that passed as well.
 */
export function healthHandler(checks: HealthChecks): Handler {
  return ({ path, query }) => {
    const [, probe, name, ...rest] = path.split("/");
    const set = probe === "healthz" ? checks.live : probe === "readyz" ? checks.ready : undefined;
    if (set === undefined || rest.length > 0) return notFound(path);
    if (name === undefined || name === "") return report(Object.entries(set), query.has("verbose"));
    const check = Object.hasOwn(set, name) ? set[name] : undefined;
    return check === undefined ? notFound(path) : report([[name, check]], query.has("verbose"));
  };
}

function report(checks: readonly (readonly [string, Check])[], verbose: boolean): Answer {
  const results = checks.map(([name, check]) => ({ name, wrong: run(check) }));
  const failed = results.filter(({ wrong }) => wrong !== undefined);
  const shown = verbose || failed.length > 0 ? results : [];
  const lines = shown.map(({ name, wrong }) => wrong === undefined ? `[+] ${name}` : `[-] ${name}: ${wrong}`);
  return {
    status: failed.length === 0 ? 200 : 503,
    body: [...lines, failed.length === 0 ? "ok" : "not ok", ""].join("\n"),
  };
}

/** A check that throws has found something wrong. */
function run(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function notFound(path: string): Answer {
  return { status: 404, body: `There is nothing at ${path}.\n` };
}
