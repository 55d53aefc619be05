/** How many objects are asked for in one page of a list. */

/** Never more than this many. */
export const LARGEST_PAGE = 500;

/** Asked for while nothing is known about the size of the objects. */
const FIRST_PAGE = 100;

/**
 * Characters of JSON that a page should have. Parsing 500,000 blocks the process for about 6 ms, and what is dropped again
 * has to fit into memory beside what is kept: 10,000 pods of 6 KB in pages twice as long took 14 MB more.
 */
const PAGE_LENGTH = 500_000;

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
