import { library } from '../../tsup.base'

export default library(['src/index.ts', 'src/durable-object.ts', 'src/d1.ts', 'src/queues.ts', 'src/workflows.ts', 'src/r2.ts'])
