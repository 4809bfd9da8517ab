// The script of every page: checks what the page shows, in the reader's own browser.
export {};
