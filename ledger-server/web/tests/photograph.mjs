// A photograph with a place in it.

/** A JPEG, drawn by a page, with an Exif segment that tells where it was taken. */
export async function photograph(page) {
  const drawn = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    context.fillStyle = "#8fce6a";
    context.fillRect(40, 40, 500, 300);
    return canvas.toDataURL("image/jpeg", 0.9).split(",")[1];
  });
  const jpeg = Buffer.from(drawn, "base64");
  // TIFF, little-endian, one IFD with a description and a pointer to an empty GPS IFD.
  const place = Buffer.from("GPS 23.10N 113.25E\0\0", "latin1");
  const tiff = Buffer.alloc(8 + 2 + 24 + 4 + place.length + 6);
  tiff.write("II*\0", 0, "latin1");
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(2, 8);
  tiff.writeUInt16LE(0x010e, 10);
  tiff.writeUInt16LE(2, 12);
  tiff.writeUInt32LE(place.length, 14);
  tiff.writeUInt32LE(38, 18);
  tiff.writeUInt16LE(0x8825, 22);
  tiff.writeUInt16LE(4, 24);
  tiff.writeUInt32LE(1, 26);
  tiff.writeUInt32LE(38 + place.length, 30);
  place.copy(tiff, 38);
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}
