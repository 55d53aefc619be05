/** Recorded objects without what the API server fills in, so that they can be compared with what was built. */
import { isRecord } from "../../kube/errors.ts";

/** Values that the API server gives to fields of Deployments, their pods, and Services that nobody set. */
const serverDefaults: Readonly<Record<string, unknown>> = {
  dnsPolicy: "ClusterFirst",
  failureThreshold: 3,
  imagePullPolicy: "IfNotPresent",
  internalTrafficPolicy: "Cluster",
  progressDeadlineSeconds: 600,
  protocol: "TCP",
  restartPolicy: "Always",
  revisionHistoryLimit: 10,
  schedulerName: "default-scheduler",
  scheme: "HTTP",
  securityContext: {},
  sessionAffinity: "None",
  strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" }, type: "RollingUpdate" },
  successThreshold: 1,
  terminationGracePeriodSeconds: 30,
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  timeoutSeconds: 1,
};

/** The same value without fields that have the server's default, wherever they are. */
export function withoutServerDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutServerDefaults);
  if (!isRecord(value)) return value;
  const own = Object.entries(value).filter(([name, inner]) => !isDefault(name, inner));
  return Object.fromEntries(own.map(([name, inner]) => [name, withoutServerDefaults(inner)]));
}

function isDefault(name: string, value: unknown): boolean {
  return name in serverDefaults && JSON.stringify(value) === JSON.stringify(serverDefaults[name]);
}
