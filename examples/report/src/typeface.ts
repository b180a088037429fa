import type { PDFFont, PDFHexString, PDFRef } from '@cantoo/pdf-lib'

/** One weight of the font as the pages use it. */
export interface Typeface {
  ref: PDFRef
  /** The text as this font can show it, at most so long that it could fill a line. */
  printable(text: string): string
  width(text: string, size: number): number
  encode(text: string): PDFHexString
}

const LONGEST = 200

export const createTypeface = (font: PDFFont): Typeface => {
  const known = new Set(font.getCharacterSet())
  // Shaping a text is what drawing spends its time on, and most texts are measured several times.
  const widths = new Map<string, number>()
  return {
    ref: font.ref,
    // The font has the letters of Western Europe. Any other becomes a question mark instead of an empty box.
    printable: (text) => Array.from(text.slice(0, LONGEST), (letter) => (known.has(letter.codePointAt(0) ?? 0) ? letter : '?')).join(''),
    width(text, size) {
      const width = widths.get(text) ?? font.widthOfTextAtSize(text, 1000) / 1000
      widths.set(text, width)
      return width * size
    },
    encode: (text) => font.encodeText(text),
  }
}
