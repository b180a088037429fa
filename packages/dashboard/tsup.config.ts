import { library } from '../../tsup.base'

export default library(['src/index.ts', 'src/express.ts', 'src/hono.ts'], {
  esbuildPlugins: [
    {
      // The page is built once, here: what is published carries it as text.
      name: 'page',
      setup(build) {
        build.onLoad({ filter: /[\\/]src[\\/]bundle\.ts$/ }, async () => {
          const { BUNDLE } = await import('./src/bundle')
          return { contents: `export const BUNDLE = ${JSON.stringify(BUNDLE)}`, loader: 'js' }
        })
      },
    },
  ],
})
