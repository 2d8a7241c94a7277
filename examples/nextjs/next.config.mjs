const service = process.env.AUTH_URL ?? 'http://127.0.0.1:3000'

export default {
  // The browser asks the service on this application's own origin: its cookies are this site's, and nothing is cross-origin.
  rewrites: async () => [{ source: '/latchkey/:path*', destination: `${service}/:path*` }],
}
