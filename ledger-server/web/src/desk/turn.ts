// One act at a time on a page: a second press is not a second act.
export class Turn {
  isTaken = false;

  /** Acts, unless something is being done; the button says so meanwhile. */
  async take(button: Element | null | undefined, act: () => Promise<void>): Promise<void> {
    if (this.isTaken) {
      return;
    }
    this.isTaken = true;
    button?.setAttribute("aria-disabled", "true");
    try {
      await act();
    } finally {
      this.isTaken = false;
      button?.removeAttribute("aria-disabled");
    }
  }
}
