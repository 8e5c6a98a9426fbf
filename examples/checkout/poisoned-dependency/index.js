export const formatPrice = (amountMinor, currency) => `${(amountMinor / 100).toFixed(2)} ${currency.toUpperCase()}`
