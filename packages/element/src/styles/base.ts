export const base = `:host{display:block}`
