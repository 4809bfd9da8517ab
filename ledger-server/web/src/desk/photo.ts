// Takes out of photographs what they say beside the picture: where they were taken, when, with which device.
// The browser's own decoder and encoder draw the picture anew, so that nothing else can be left in the file.

/** How well a photograph is kept: the eye sees no difference. */
const QUALITY = 0.92;

/** A file that can be handed in. */
export interface Cleaned {
  readonly blob: Blob;
  /** Whether it was a photograph, whose data beside the picture are gone now. */
  readonly isPhoto: boolean;
}

/** A photograph that this browser cannot open, and so cannot clean. */
export class Unreadable extends Error {}

function kindOf(head: Uint8Array): "jpeg" | "png" | "other" | undefined {
  const text = String.fromCharCode(...Array.from(head));
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) {
    return "jpeg";
  }
  if (text.startsWith("\x89PNG\r\n\x1a\n")) {
    return "png";
  }
  const isWebp = text.startsWith("RIFF") && text.slice(8, 12) === "WEBP";
  const isHeif = text.slice(4, 8) === "ftyp" && /^(hei[cxsm]|hev[cx]|mif1|msf1|avif|avis)/.test(text.slice(8, 12));
  const isTiff = text.startsWith("II*\0") || text.startsWith("MM\0*");
  return isWebp || isHeif || isTiff ? "other" : undefined;
}

/** The file as it can be handed in: photographs drawn anew, everything else as it is. */
export async function cleaned(file: Blob): Promise<Cleaned> {
  const kind = kindOf(new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (kind === undefined) {
    return { blob: file, isPhoto: false };
  }
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Unreadable();
  }
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d");
  if (context === null) {
    throw new Unreadable();
  }
  context.drawImage(picture, 0, 0);
  picture.close();
  const type = kind === "png" ? "image/png" : "image/jpeg";
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, QUALITY));
  // What is not drawn is held no longer.
  canvas.width = 0;
  canvas.height = 0;
  if (blob === null || blob.type !== type) {
    throw new Unreadable();
  }
  return { blob, isPhoto: true };
}
