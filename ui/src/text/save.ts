/** Gives bytes or a text to the reader as a file. */
export function save(name: string, content: Uint8Array<ArrayBuffer> | string, type = 'application/octet-stream'): void {
  const address = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}
