// Unified social credit codes: GB 32100-2015, and within it the organisation code of GB 11714-1997.

const ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/** Whether the characters are those of a code, and both check characters are right. */
export function isCreditCode(code: string): boolean {
  if (!/^[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{8}[\dX][0-9A-HJ-NP-RTUWXY]$/.test(code)) {
    return false;
  }
  // In an organisation code, a letter's value is its place in A-Z after the ten digits: base 36.
  const organisation = ORGANISATION_WEIGHTS.reduce((sum, weight, at) => sum + weight * parseInt(code.charAt(8 + at), 36), 0);
  let [sum, weight] = [0, 1];
  for (const character of code.slice(0, 17)) {
    sum += ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return code.charAt(16) === "0X987654321"[organisation % 11] && code.charAt(17) === ALPHABET[(31 - (sum % 31)) % 31];
}
