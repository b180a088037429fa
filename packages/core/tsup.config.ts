import { library } from '../../tsup.base'

export default library(['src/index.ts', 'src/fetch.ts', 'src/files.ts', 'src/page.ts', 'src/store-parts.ts'], {
  // src/files.ts is for Node; everything else is compiled without its types, see tsconfig.json.
  dts: { compilerOptions: { types: ['node'] } },
})
