/** Which digest a tag stands for now. */

/** What became of one image. */
export type Resolved =
  | { readonly image: string; readonly digest: string }
  | { readonly image: string; readonly why: string };

/** Asks for the digest of an image. @throws Error when its registry cannot be asked. */
export type Lookup = (image: string) => Promise<string>;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Resolves each image; one that cannot be keeps its tag, and says why. No digest is ever guessed. */
export async function resolveDigests(images: readonly string[], lookup: Lookup): Promise<Resolved[]> {
  const resolved: Resolved[] = [];
  for (const image of images) {
    try {
      const digest = (await lookup(image)).trim();
      resolved.push(
        DIGEST.test(digest)
          ? { image, digest }
          : { image, why: `its registry named no digest: ${JSON.stringify(digest)}` },
      );
    } catch (error) {
      resolved.push({ image, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return resolved;
}

/** `name:tag@digest` where there is one: people see the tag, runtimes take the digest. */
export function pinned(resolved: Resolved): string {
  return "digest" in resolved ? `${resolved.image}@${resolved.digest}` : resolved.image;
}
