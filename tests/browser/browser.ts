import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Where a browser is, if there is one. */
export const CHROMIUM = [process.env.CHROMIUM, ...USUAL].find((path): path is string => path !== undefined && existsSync(path))
if (!CHROMIUM && process.env.REQUIRE_BROWSER === '1') throw new Error(`There is no Chromium at ${USUAL.join(', ')}; say where in CHROMIUM.`)
if (!CHROMIUM) console.warn('The tests in a browser are left out: there is no Chromium here. CHROMIUM says where one is.')

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
let launched: Promise<Browser> | undefined
const browser = () => {
  launched ??= chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, '--disable-component-update', '--disable-sync'] })
  return launched
}
export async function closeBrowser(): Promise<void> {
  await (await launched)?.close()
  launched = undefined
}

export interface OpenPage {
  readonly page: Page
  /** What the page complained of: console errors, uncaught errors, requests to elsewhere. */
  readonly complaints: string[]
  /** Serious and critical violations that axe finds now. It is evaluated, so that the page's own policy does not keep it out. */
  violations(): Promise<string[]>
  /** Kept in `screenshots/`, for whoever wants to see. */
  screenshot(name: string): Promise<void>
  close(): Promise<void>
}

/** Opens a page in a context of its own. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await (await browser()).newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  const { origin } = new URL(url)
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => new URL(request.url()).origin !== origin && complaints.push(`request to ${request.url()}`))
  await page.goto(url)
  return {
    page,
    complaints,
    async violations() {
      return page.evaluate<string[]>(AXE)
    },
    async screenshot(name) {
      mkdirSync(SCREENSHOTS, { recursive: true })
      await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true })
    },
    close: () => context.close(),
  }
}

const SCREENSHOTS = new URL('screenshots', import.meta.url).pathname
const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const AXE = `(async () => {
  ${SOURCE};
  const { violations } = await axe.run(document, { resultTypes: ['violations'] })
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return bad.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))
})()`
