/** Settings as lines: members of members by their path, lists as one line. */
import type { Json } from '../api/contract.ts'

export interface Setting {
  name: string
  value: Json
}

export function settingLines(settings: object, prefix = ''): Setting[] {
  return Object.entries(settings as Record<string, Json>).flatMap(([name, value]): Setting[] => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    const isInner = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    return isInner ? settingLines(value, path) : [{ name: path, value }]
  })
}

/** A value in words: what is not set is said so. */
export function settingText(value: Json): string {
  if (value === null) return 'not set'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
