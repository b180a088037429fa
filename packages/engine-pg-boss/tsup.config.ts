import { library } from '../../tsup.base'

export default library(['src/index.ts'], { format: ['esm'] }) // as pg-boss is
