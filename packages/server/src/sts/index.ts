export { askAws } from './exchange/ask-aws.ts'
export { exchange, type ExchangeRooms } from './exchange/exchange.ts'
export { compileServices, type Services } from './services.ts'
export { openSts, type Sts } from './sts.ts'
