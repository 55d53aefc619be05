/** Which objects of a kind are meant. */

export interface Selection {
  /** Only this namespace; all namespaces when absent. */
  readonly namespace?: string;
  /** Label selector in the API's own syntax, for example `app.kubernetes.io/managed-by=x`. */
  readonly labels?: string;
  /** Field selector, for example `metadata.name=x`. */
  readonly fields?: string;
}

/** The query parameters of a list or watch, in a fixed order; absent values are left out. */
export function selectionQuery(
  selection: Selection,
  more: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const query = new URLSearchParams();
  const all = { labelSelector: selection.labels, fieldSelector: selection.fields, ...more };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.toString();
}
