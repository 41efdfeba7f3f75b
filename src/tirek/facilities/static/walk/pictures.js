/* Photographs made small on the phone: at most 1600 pixels, drawn anew, so that a school's slow line carries them and nothing
   beside the picture leaves the phone. */
const LONGEST = 1600;
const SMALL = 160;
const MOST_AS_IS = 20 * 1024 * 1024;

export class PictureRefused extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/* A blob to send and a small picture to show. A HEIC that this browser cannot draw is sent as it is: the server can. */
export async function prepare(file) {
  const start = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  let drawn;
  try {
    drawn = await decode(file);
  } catch (error) {
    if (isHeic(start)) {
      if (file.size > MOST_AS_IS) throw new PictureRefused("heic_large");
      return { blob: file.slice(0, file.size, "image/heic"), small: "" };
    }
    throw new PictureRefused(looksLikePicture(start) ? "broken" : "no_picture");
  }
  try {
    const blob = await paint(drawn, LONGEST, 0.82);
    if (!blob) throw new PictureRefused("broken");
    return { blob, small: smallOf(drawn) };
  } finally {
    if (drawn.close) drawn.close();
  }
}

function isHeic(start) {
  const text = String.fromCharCode(...start.slice(4, 12));
  return text.startsWith("ftyp") && /heic|heix|hevc|heim|heis|mif1|msf1|heif/.test(text.slice(4));
}

function looksLikePicture(start) {
  const text = String.fromCharCode(...start.slice(0, 12));
  return (start[0] === 0xff && start[1] === 0xd8) || text.startsWith("\x89PNG") || text.startsWith("RIFF");
}

/* By an image element where bitmaps from files do not work. */
async function decode(file) {
  if (typeof createImageBitmap === "function") {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch (error) {
      if (error && error.name === "InvalidStateError") throw error;
    }
  }
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function canvasOf(drawn, longest) {
  const width = drawn.naturalWidth || drawn.width;
  const height = drawn.naturalHeight || drawn.height;
  const scale = Math.min(1, longest / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function paint(drawn, longest, quality) {
  return new Promise((resolve) => canvasOf(drawn, longest).toBlob(resolve, "image/jpeg", quality));
}

function smallOf(drawn) {
  return canvasOf(drawn, SMALL).toDataURL("image/jpeg", 0.7);
}

/* Where we are, only when it is wanted, and only if the phone knows within a few seconds. */
export function here() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    return navigator.geolocation.getCurrentPosition(
      (found) => resolve([found.coords.longitude, found.coords.latitude]), () => resolve(null),
      { enableHighAccuracy: true, timeout: 8000, maximumAge: 60000 });
  });
}
