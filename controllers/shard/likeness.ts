/**
 * Whether a pod that another operator made has what its user asks for, as far as that can be read of it: images and
 * resources. So a change that neither operator carried out is not lost, and one that only the operator makes counts for
 * nothing.
 *
 * | of a container                      | counts as the user's when                                                     |
 * | ----------------------------------- | ----------------------------------------------------------------------------- |
 * | image                               | name and tag differ: registries are swapped by those who keep copies          |
 * | resources                           | an amount differs that is wanted, and they are not the operator's own default |
 * | that is not there, or not wanted    | never: layouts are the operator's                                             |
 * | exporter                            | never: nobody can choose anything of it                                       |
 */
import { parseQuantity } from "../../kube/quantity.ts";
import { defaultResources } from "../../resolve/defaults.ts";
import type { Frozen } from "../../kube/types.ts";
import type { Container, PodSpec } from "../components/pod_parts.ts";
import { canonicalText } from "./canonical.ts";
import { containers } from "./shape.ts";

/** What is read of a pod. */
export type Shape = Frozen<Pick<PodSpec, "containers" | "initContainers">>;

const chosen: ReadonlySet<string> = new Set([containers.postgres, containers.multipooler]);

type Amounts = Readonly<Record<string, unknown>> | undefined;

export function isLike(live: Shape | undefined, desired: Shape | undefined): boolean {
  const known = new Map(containersOf(live).map((container) => [container.name, container]));
  return containersOf(desired).every((wanted) => {
    const found = known.get(wanted.name);
    return found === undefined || (sameImage(found.image, wanted.image) && hasResources(found, wanted));
  });
}

function containersOf(shape: Shape | undefined): readonly Frozen<Container>[] {
  const all = [...shape?.initContainers ?? [], ...shape?.containers ?? []];
  return all.filter(({ name }) => chosen.has(name));
}

/** The rest behind the last slash. */
function sameImage(live: string | undefined, wanted: string | undefined): boolean {
  return live?.split("/").at(-1) === wanted?.split("/").at(-1);
}

function hasResources(live: Frozen<Container>, wanted: Frozen<Container>): boolean {
  if (isDefault(wanted)) return true;
  return includes(live.resources?.limits, wanted.resources?.limits) &&
    includes(live.resources?.requests, wanted.resources?.requests);
}

function isDefault({ resources }: Frozen<Container>): boolean {
  const own = [defaultResources.postgres(), defaultResources.multipooler()];
  return own.some((each) => canonicalText(each) === canonicalText(resources));
}

function includes(live: Amounts, wanted: Amounts): boolean {
  return Object.entries(wanted ?? {}).every(([name, amount]) =>
    parseQuantity(live?.[name]) === parseQuantity(amount)
  );
}
