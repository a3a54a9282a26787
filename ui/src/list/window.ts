/**
 * Which rows of a long list are in view. Browsers cannot make a box taller than some 17 million pixels, so a list that
 * would be is scaled: its scroll bar then covers the whole list, with more than one row for each pixel.
 */

/** 12 million pixels: below the limits of the browsers of today. */
export const HEIGHT_MAX = 12_000_000

export interface Window {
  /** Height of the box that scrolls. */
  height: number
  first: number
  /** Behind the last. */
  end: number
  /** Where the first row is put, from the top of the box. */
  offset: number
}

export function windowOf(count: number, rowHeight: number, scrollTop: number, viewHeight: number, overscan = 8): Window {
  const whole = count * rowHeight
  const height = Math.min(whole, HEIGHT_MAX)
  const reach = Math.max(height - viewHeight, 0)
  const top = Math.min(Math.max(scrollTop, 0), reach)
  // Where the view begins in the list as it would be unscaled.
  const from = whole === height || reach === 0 ? top : (top / reach) * (whole - viewHeight)
  const first = Math.max(Math.floor(from / rowHeight) - overscan, 0)
  const end = Math.min(Math.ceil((from + viewHeight) / rowHeight) + overscan, count)
  return { height, first, end, offset: top - (from - first * rowHeight) }
}

/** Where to scroll so that the row stands a third below the top of the view, or as near to that as the list goes. */
export function scrollAt(index: number, count: number, rowHeight: number, viewHeight: number): number {
  const whole = count * rowHeight
  const reach = Math.max(Math.min(whole, HEIGHT_MAX) - viewHeight, 0)
  if (reach === 0) return 0
  const from = Math.min(Math.max(index * rowHeight - viewHeight / 3, 0), whole - viewHeight)
  return (from / (whole - viewHeight)) * reach
}

/** Where to scroll so that the row is in view; `undefined` when it is. */
export function scrollTo(index: number, count: number, rowHeight: number, scrollTop: number, viewHeight: number): number | undefined {
  const whole = count * rowHeight
  const height = Math.min(whole, HEIGHT_MAX)
  const reach = Math.max(height - viewHeight, 0)
  if (reach === 0) return undefined
  const scale = whole === height ? 1 : (whole - viewHeight) / reach
  const from = scrollTop * scale
  const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight]
  if (top < from) return top / scale
  if (bottom > from + viewHeight) return (bottom - viewHeight) / scale
  return undefined
}
