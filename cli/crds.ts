/** `matriarch crds`: the definitions of our kinds. */
import { renderCustomResourceDefinitions } from "../api/crds.ts";

/** All CustomResourceDefinitions as one YAML stream. */
export function crds(): Promise<string> {
  return Promise.resolve(renderCustomResourceDefinitions());
}
