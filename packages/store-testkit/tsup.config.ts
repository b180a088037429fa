import { library } from '../../tsup.base'

export default library(['src/index.ts', 'src/vitest.ts', 'src/node-test.ts'])
