export { type QueueConsumerOptions, queueConsumer } from './queue-consumer'
export { type CloudflareQueueOptions, cloudflareQueue, type JobQueue } from './queue-engine'
