// Style sheets are imported as text, which scripts/build-page.mjs minifies.
declare module '*.css' {
  export const css: string
}
