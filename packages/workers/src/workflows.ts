export { type CloudflareWorkflowOptions, cloudflareWorkflow, type JobFlow } from './workflow-engine'
export { type FlowParams, jobWorkflow } from './workflow-entrypoint'
