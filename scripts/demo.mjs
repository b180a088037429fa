/** Starts the demo with the arguments of `npm run demo -- …`. Expects a build. */
import '../examples/demo/src/main.ts'
