/** How the kubelet asks the components for their health. */
import type { Container } from "./pod_parts.ts";

export type Probes = Required<Pick<Container, "startupProbe" | "livenessProbe" | "readinessProbe">>;

/**
 * What each probe asks for. `/live` is answered as soon as the process serves HTTP, `/ready` once a component has what
 * it needs from others. A failing start-up or liveness probe ends the container, so they must not ask for what a restart
 * cannot bring.
 */
export interface ProbePaths {
  readonly startup: string;
  readonly live: string;
  readonly ready: string;
}

const STARTUP_SECONDS = 5;
/** With {@link STARTUP_SECONDS}: a component has 150 s to come up. */
const STARTUP_ATTEMPTS = 30;
const LIVENESS_SECONDS = 10;
const READINESS_SECONDS = 5;

/** The three probes of a container that serves HTTP on `port`. */
export function probes(port: number, paths: ProbePaths): Probes {
  const asking = (path: string) => ({ httpGet: { path, port } });
  return {
    startupProbe: {
      ...asking(paths.startup),
      periodSeconds: STARTUP_SECONDS,
      failureThreshold: STARTUP_ATTEMPTS,
    },
    livenessProbe: { ...asking(paths.live), periodSeconds: LIVENESS_SECONDS },
    readinessProbe: { ...asking(paths.ready), periodSeconds: READINESS_SECONDS },
  };
}
