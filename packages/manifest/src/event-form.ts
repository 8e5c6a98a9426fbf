/**
 * What a function's event looks like: that of API Gateway's HTTP API (payload format 2.0), of its REST API (1.0), of a
 * function URL, or of an Application Load Balancer.
 */
export type EventForm = 'http' | 'rest' | 'url' | 'alb'
