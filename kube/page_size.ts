/** How many objects are asked for in one page of a list. */

/** Never more than this many. */
export const LARGEST_PAGE = 500;

/** Asked for while nothing is known about the size of the objects. */
const FIRST_PAGE = 100;

/**
 * Characters of JSON that a page should have. Parsing blocks the process: 1,000,000 characters of pods for about 10 ms.
 * And whatever is dropped again had to fit beside what is kept: with pages of 500 pods, the collector's young generation
 * grew to 60 MB and stayed there.
 */
const PAGE_LENGTH = 1_000_000;

/** Chooses the size of each next page by what the one before it weighed. */
export class PageSize {
  #size: number;

  constructor(private readonly largest: number = LARGEST_PAGE) {
    this.#size = Math.min(FIRST_PAGE, largest);
  }

  get next(): number {
    return this.#size;
  }

  /** Notes that a page of so many objects had so many characters. */
  note(objects: number, length: number): void {
    if (objects === 0) return;
    const fitting = Math.floor(PAGE_LENGTH * objects / length);
    this.#size = Math.max(1, Math.min(fitting, this.largest));
  }
}
