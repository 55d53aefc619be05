/** PEM texts, and how Secrets hold texts. */

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a bundle, one text each, in their order; whatever stands between them is left out. */
export function splitCertificates(bundle: string): string[] {
  return (bundle.match(CERTIFICATE) ?? []).map((block) => `${block}\n`);
}

/** One text of several certificates, each ending its last line. */
export function joinCertificates(certificates: readonly string[]): string {
  return certificates.map((certificate) => `${certificate.trimEnd()}\n`).join("");
}

/** One block of PEM, ending its last line. */
export function pemOf(der: ArrayBuffer, label: string): string {
  const lines = new Uint8Array(der).toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** A text as a value of a Secret's `data`: base64 of its UTF-8. */
export function toData(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/**
 * The text of a value of a Secret's `data`; undefined when it is absent, empty, or no base64. Bytes that are no UTF-8 become
 * U+FFFD: bundles of certificates may have comments in other encodings.
 */
export function fromData(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.fromBase64(value));
  } catch {
    return undefined;
  }
}
