/** Red, green, blue from 0 to 255. */
export type Color = readonly [number, number, number]

export const COLOR = {
  ink: [23, 32, 44],
  text: [60, 71, 84],
  muted: [108, 119, 132],
  rule: [218, 223, 229],
  grid: [233, 236, 240],
  panel: [245, 247, 249],
  white: [255, 255, 255],
  /** What is counted. */
  blue: [55, 104, 152],
  blueSoft: [185, 206, 225],
  bluePale: [221, 231, 240],
  /** What went wrong: late flights, damaged aircraft. */
  orange: [206, 98, 43],
  orangeSoft: [243, 213, 190],
} as const satisfies Record<string, Color>

/** From little to much. Each step is darker than the one before, so that it also reads without colours. */
const SCALE: readonly Color[] = [
  [250, 244, 236],
  [248, 223, 195],
  [240, 184, 134],
  [221, 129, 70],
  [178, 75, 31],
  [116, 43, 22],
]

/** Sizes of type in points. */
export const SIZE = { title: 28, heading: 19, figure: 19, lead: 10.5, chart: 9.5, body: 8, label: 7 } as const

/** A4 in points, with one grid for every page: two columns and a gutter. */
export const PAGE = { width: 595.28, height: 841.89, margin: 48, top: 54, bottom: 52, gutter: 26 } as const
export const CONTENT = PAGE.width - 2 * PAGE.margin
export const COLUMN = (CONTENT - PAGE.gutter) / 2

const mix = (from: Color, to: Color, share: number): Color => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
]

/** The colour of a share of 0 to 1 on {@link SCALE}. */
export const scaleColor = (share: number): Color => {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1)
  const step = Math.min(SCALE.length - 2, Math.floor(at))
  return mix(SCALE[step] ?? COLOR.white, SCALE[step + 1] ?? COLOR.ink, at - step)
}

/** Whether text on this colour must be light. */
export const isDark = ([red, green, blue]: Color) => 0.299 * red + 0.587 * green + 0.114 * blue < 140
