export type { IoredisClient, NodeRedisClient, RedisClient, RestClient } from './clients'
export { type RedisStoreOptions, redisStore } from './redis-store'
