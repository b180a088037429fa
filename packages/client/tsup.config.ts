import { defineConfig } from 'tsup'
import { library } from '../../tsup.base'

export default [
  library(['src/index.ts', 'src/react.ts'], { clean: ['!cli.cjs'] }),
  // A program: all that it uses is in it. CommonJS, as the library that draws its bar.
  defineConfig({ entry: ['src/cli.ts'], format: ['cjs'], platform: 'node', target: 'node20', treeshake: true, removeNodeProtocol: false }),
]
