const decompress = () => {
  throw new Error('WOFF2 fonts are not read here, use WOFF')
}

/** Stands in for `brotli/decompress.js` in the bundle: only WOFF2 fonts need it, and none is used here. */
export { decompress as default }
