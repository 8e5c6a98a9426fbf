export { type Guests, openGuests } from './guests.ts'
