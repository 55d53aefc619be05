/** Whether an operator is at work: it holds a Lease when there may be more than one. */
import { LEASE_NAME } from "../cli/lease_name.ts";
import { type Lease, Leases } from "../kube/kinds.ts";
import type { OperatorPicture } from "./picture.ts";
import type { Reading } from "./reading.ts";

/** Where an installation puts the operator unless told. */
export const OPERATOR_NAMESPACE = "multigres-operator";

/** Selects the operator's pods. */
export const operatorSelector = "app.kubernetes.io/name=multigres-operator,control-plane=controller-manager";

/** A Lease is renewed within seconds; one that is this many times older than its duration is nobody's. */
const STALE_DURATIONS = 3;

export async function readOperator(reading: Reading, now: Date): Promise<OperatorPicture> {
  const leases = await reading.list(Leases, { fields: `metadata.name=${LEASE_NAME}` });
  if (leases === undefined) return unknown("its Lease may not be read");
  const [newest] = [...leases].sort((a, b) => renewedAt(b) - renewedAt(a));
  if (newest === undefined) return unknown("there is no Lease; an operator without --leader-elect has none");
  return operatorPicture(newest, now);
}

export function operatorPicture({ metadata, spec }: Lease, now: Date): OperatorPicture {
  const holder = spec?.holderIdentity ?? null;
  const renewed = spec?.renewTime ?? null;
  const seconds = (spec?.leaseDurationSeconds ?? 15) * STALE_DURATIONS;
  const isFresh = renewed !== null && now.getTime() - Date.parse(renewed) < seconds * 1_000;
  const where = `Lease ${metadata.namespace}/${metadata.name}`;
  if (isFresh && holder !== null && holder !== "") {
    return { state: "working", holder, renewedAt: renewed, message: `${where} is held by ${holder}` };
  }
  const message = `${where} was not renewed: nobody may be at work, and what statuses say may be old`;
  return { state: "stale", holder, renewedAt: renewed, message };
}

function renewedAt({ spec }: Lease): number {
  return Date.parse(spec?.renewTime ?? "") || 0;
}

function unknown(message: string): OperatorPicture {
  return { state: "unknown", holder: null, renewedAt: null, message };
}
