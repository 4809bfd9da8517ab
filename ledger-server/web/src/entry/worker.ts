// Checks a whole ledger beside the page.
export {};
