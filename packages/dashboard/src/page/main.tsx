import { render } from 'preact'
import { App } from './app'
import { createServer } from './server'

const page = document.getElementById('page')
if (page) {
  page.replaceChildren()
  render(<App server={createServer(new URL('api/', document.baseURI).href)} title={document.title} />, page)
}
