import { library } from '../../tsup.base'

export default [library(['src/index.ts', 'src/target.ts']), library(['src/cli.ts'], { format: ['esm'], dts: false, clean: false })]
