// Lets httpyac read the references of requests.http, which are those of VS Code's REST Client: `{{name.response.body.$.member}}`.
// httpyac itself knows a named answer's body by the name alone.
module.exports = {
  configureHooks({ hooks }) {
    hooks.onResponse.addHook('references of REST Client', (response) => {
      const { parsedBody, headers } = response
      if (typeof parsedBody !== 'object' || parsedBody === null) return
      const value = { body: { $: parsedBody }, headers }
      Object.defineProperty(parsedBody, 'response', { value, enumerable: false })
    })
  },
}
